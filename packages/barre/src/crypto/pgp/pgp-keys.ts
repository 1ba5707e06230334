import { Secret } from '../../core/index.ts'
import { KeyError } from '../keys/index.ts'
import type * as Library from 'openpgp'

/** A key block: armored text, or bytes of either form (as a file holds it). */
export type PgpKeySource = string | Uint8Array

export interface PgpPrivateKey {
  readonly key: PgpKeySource
  /** Of a key that is encrypted. */
  readonly passphrase?: string | Secret
}

/** The `openpgp` library, loaded at first use: only who needs it installs it. */
export function loadLibrary(): Promise<typeof Library> {
  return import('openpgp')
}

/** Throws KeyError `malformed` for what is no public key. */
export async function readPgpPublicKeys(
  sources: PgpKeySource | readonly PgpKeySource[],
): Promise<readonly Library.PublicKey[]> {
  const { readKey } = await loadLibrary()
  const list: readonly PgpKeySource[] =
    typeof sources === 'string' || sources instanceof Uint8Array ? [sources] : sources
  return Promise.all(
    list.map(async (source) => {
      const key = await readOrThrow(() => {
        const form = toForm(source)
        return typeof form === 'string' ? readKey({ armoredKey: form }) : readKey({ binaryKey: form })
      })
      return key.toPublic()
    }),
  )
}

/** Throws KeyError: `malformed`, `wrong_kind` for a public key, `password_required`, `wrong_password`. */
export async function readPgpPrivateKey({ key, passphrase }: PgpPrivateKey): Promise<Library.PrivateKey> {
  const { decryptKey, readKey } = await loadLibrary()
  const found = await readOrThrow(() => {
    const form = toForm(key)
    return typeof form === 'string' ? readKey({ armoredKey: form }) : readKey({ binaryKey: form })
  })
  if (!found.isPrivate())
    throw new KeyError('wrong_kind', 'PGP: a private key was expected, and this is a public one')
  if (found.isDecrypted()) return found
  if (passphrase === undefined) {
    throw new KeyError('password_required', 'PGP: the private key is encrypted: its passphrase is needed')
  }
  const text = passphrase instanceof Secret ? passphrase.reveal() : passphrase
  try {
    return await decryptKey({ privateKey: found, passphrase: text })
  } catch (cause) {
    throw new KeyError('wrong_password', 'PGP: the passphrase does not open the private key', { cause })
  }
}

async function readOrThrow<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    throw new KeyError('malformed', 'PGP: the key block cannot be read', { cause })
  }
}

/** Armored text as such, anything else as bytes. */
export function toForm(source: string | Uint8Array): string | Uint8Array {
  if (typeof source === 'string' || !isArmored(source)) return source
  return Buffer.from(source).toString('utf8')
}

/** A binary packet's first byte has its highest bit set; no armor has. */
export function isArmored(bytes: Uint8Array): boolean {
  return bytes.length > 0 && bytes[0]! < 0x80
}
