import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isRequired } from '../../../tools/require.ts'

/** Runs the program in the folder of its test, and answers with what it printed; throws when it fails. */
export type Run = (args: readonly string[], input?: Uint8Array) => Buffer

/**
 * A test whose other side is a program of the machine: skipped where that is not installed, failed where it is
 * required.
 */
export function programTest(
  program: 'openssl' | 'gpg',
  name: string,
  body: (run: Run, folder: string) => void | Promise<void>,
): void {
  void test(name, async (context) => {
    try {
      execFileSync(program, ['--help'], { stdio: 'ignore' })
    } catch (error) {
      if (isRequired('servers')) throw error
      context.skip(`the ${program} program is not installed: apt-get install ${packages[program]}`)
      return
    }
    const folder = mkdtempSync(join(tmpdir(), `barre-${program}-`))
    context.after(() => rmSync(folder, { recursive: true }))
    await body(runIn(folder, program), folder)
  })
}

/** Another program of the same package, in the same folder. */
export function runIn(folder: string, program: string): Run {
  return (args, input) =>
    execFileSync(program, args, { cwd: folder, input: input ?? '', stdio: ['pipe', 'pipe', 'pipe'] })
}

const packages = { openssl: 'openssl', gpg: 'gnupg' } as const
