// Why: published vectors and captured tokens lie beside the checkout, in ../shared/data, and are never copied
// into it.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isRequired } from './require.ts'
import { workspaceRoot } from './workspace.ts'

/** Where the data lies, and whether it must be there; a test of this file gives its own. */
export interface SharedPlace {
  readonly folder: string
  readonly required: boolean
}

const besideCheckout: SharedPlace = {
  folder: join(workspaceRoot, '..', 'shared', 'data'),
  required: isRequired('shared'),
}

/**
 * The path of a file or folder of the shared data (`sharedData('jose', 'wycheproof')`), or `undefined` on a
 * machine without
 * that data. Throws when the data is required, and when it is there but lacks the file: that is a mistake in
 * the path.
 */
export function sharedData(...parts: readonly string[]): string | undefined {
  return sharedDataIn(besideCheckout, parts)
}

export function sharedDataIn(
  { folder, required }: SharedPlace,
  parts: readonly string[],
): string | undefined {
  if (!existsSync(folder)) {
    if (required) throw new Error('BARRE_REQUIRE says that ../shared/data is there, but it is not')
    return undefined
  }
  const path = join(folder, ...parts)
  if (!existsSync(path)) throw new Error(`../shared/data has no ${parts.join('/')}`)
  return path
}

/**
 * A test over a file or folder of the shared data: skipped with a notice on a machine without it, failed
 * where it is required.
 */
export function sharedTest(
  name: string,
  parts: readonly string[],
  body: (path: string) => void | Promise<void>,
): void {
  void test(name, (context) => {
    const path = sharedData(...parts)
    if (path !== undefined) return body(path)
    context.skip('../shared/data is not beside this checkout')
    return undefined
  })
}
