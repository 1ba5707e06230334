import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Secret } from '../../core/index.ts'
import { isJks, readJks } from './jks.ts'
import { KeyError } from './key-error.ts'
import { keyFileMaxBytes } from './pem.ts'
import { readPkcs12 } from './pkcs12.ts'
import { isDer } from './private-key.ts'
import type { KeyStore } from './key-store.ts'

export interface StoreOptions {
  readonly password: string | Secret
}

/**
 * Opens a PKCS#12 or JKS store. Throws KeyError: `wrong_password`; `damaged` when the password is right but
 * the store was changed; `malformed`, `unsupported`, `too_large`.
 */
export function openKeyStore(bytes: Uint8Array, { password }: StoreOptions): KeyStore {
  if (bytes.length > keyFileMaxBytes)
    throw new KeyError('too_large', `a store of more than ${keyFileMaxBytes} bytes`)
  const text = password instanceof Secret ? password.reveal() : password
  if (isJks(bytes)) return readJks(bytes, text)
  if (isDer(bytes)) return readPkcs12(bytes, text)
  throw new KeyError('wrong_kind', 'this is neither a PKCS#12 nor a JKS store')
}

/** `openKeyStore` on a file. */
export async function openKeyStoreFile(path: string, options: StoreOptions): Promise<KeyStore> {
  return openKeyStore(await readFile(path), options)
}

/** `openKeyStore` on a file, at start. */
export function openKeyStoreFileSync(path: string, options: StoreOptions): KeyStore {
  return openKeyStore(readFileSync(path), options)
}
