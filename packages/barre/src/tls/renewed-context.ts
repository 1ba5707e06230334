import type { SecureContextOptions } from 'node:tls'
import type { ClientSecureSocket, Log } from '../core/index.ts'
import { digestFiles } from './file-digest.ts'

/** How long files are taken to be as they were found, in milliseconds. */
export const recheckMs = 10_000

/**
 * Gives `initial` until the files that it was read from change, then what `read` makes of them: the same object until
 * they change again. Files that are unusable are logged, and what is in use stays.
 */
export function renewedContext(
  initial: SecureContextOptions,
  read: () => SecureContextOptions,
  files: readonly string[],
  path: string,
  { now, log }: { readonly now: () => number; readonly log?: Log | undefined },
): () => SecureContextOptions {
  let context = initial
  let seen = digestFiles(files)
  let checkedAtMs = now()
  return () => {
    if (files.length === 0 || now() - checkedAtMs < recheckMs) return context
    checkedAtMs = now()
    const found = digestFiles(files)
    if (found === seen) return context
    seen = found
    try {
      context = read()
      log?.info({ path }, 'the TLS files were loaded again')
    } catch (error) {
      log?.error({ path, error }, 'the new TLS files are unusable; the old ones stay')
    }
    return context
  }
}

export function listClientFiles({ key, cert }: ClientSecureSocket): string[] {
  const keys = key === undefined ? [] : 'certFile' in key ? [key.certFile, key.keyFile] : [key.path]
  return cert === undefined ? keys : [...keys, typeof cert === 'string' ? cert : cert.path]
}
