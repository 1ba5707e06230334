import { ConfigError } from '../../core/index.ts'
import { KeyError } from './key-error.ts'
import { openKeyStoreFileSync } from './open-key-store.ts'
import type { Store } from '../../core/index.ts'
import type { KeyStore } from './key-store.ts'

/** Opens the store that a configuration names at `path`; throws ConfigError that names the field. */
export function openConfiguredStore({ path: file, password }: Store, path: string): KeyStore {
  try {
    return openKeyStoreFileSync(file, { password })
  } catch (cause) {
    if (cause instanceof KeyError) {
      const field = cause.code === 'wrong_password' ? 'password' : 'path'
      throw new ConfigError(`${path}.${field}`, cause.message, { cause })
    }
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
    throw new ConfigError(`${path}.path`, `the file cannot be read${code}`, { cause })
  }
}

/** What `read` gives; a KeyError becomes a ConfigError at `path`. */
export function orConfigError<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof KeyError) throw new ConfigError(path, cause.message, { cause })
    throw cause
  }
}
