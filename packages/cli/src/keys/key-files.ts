import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '../replace-file.ts'
import type { Issued } from './certificate.ts'

/** Where a pair was written. */
export interface KeyFiles {
  readonly certFile: string
  readonly keyFile: string
}

/**
 * Writes `NAME.crt` and `NAME.key` (mode 0600) into a directory, which is made where it is missing. Existing
 * files are left alone, with an error, unless `force` says to replace them; then each is replaced at once.
 */
export async function writeKeyFiles(
  directory: string,
  name: string,
  issued: Issued,
  options: { readonly force?: boolean } = {},
): Promise<KeyFiles> {
  const files = toKeyFiles(directory, name)
  await mkdir(directory, { recursive: true })
  const existing = options.force === true ? [] : await findExisting([files.certFile, files.keyFile])
  if (existing.length > 0) throw new Error(`already there: ${existing.join(', ')}; --force replaces`)
  await replaceFile(files.keyFile, issued.key, { mode: 0o600 })
  await replaceFile(files.certFile, issued.cert, { mode: 0o644 })
  return files
}

/** Reads back what `writeKeyFiles` wrote. */
export async function readKeyFiles(directory: string, name: string): Promise<Issued> {
  const { certFile, keyFile } = toKeyFiles(directory, name)
  return { cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') }
}

function toKeyFiles(directory: string, name: string): KeyFiles {
  return { certFile: join(directory, `${name}.crt`), keyFile: join(directory, `${name}.key`) }
}

async function findExisting(files: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    files.map((file) =>
      stat(file).then(
        () => true,
        () => false,
      ),
    ),
  )
  return files.filter((_, index) => found[index])
}
