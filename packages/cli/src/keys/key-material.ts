import { createPublicKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import {
  KeyError,
  openKeyStore,
  publicKeyOf,
  readCertificates,
  readPrivateKey,
  readPublicKey,
} from 'barre/crypto'
import type { KeyObject, X509Certificate } from 'node:crypto'
import type { Secret } from 'barre/core'

/** What a file holds under one name: a key, certificates, or both. */
export interface KeyMaterial {
  /** The name in a key store. */
  readonly alias?: string
  readonly privateKey?: KeyObject
  readonly publicKey?: KeyObject
  readonly certificates: readonly X509Certificate[]
}

/**
 * Reads PEM, DER, PKCS#12 or JKS, by what the file holds and not by its name. Throws KeyError; `not_found` when
 * it is none of them.
 */
export async function readKeyMaterial(file: string, password?: Secret): Promise<readonly KeyMaterial[]> {
  const bytes = await readFile(file)
  const certificates = attempt(() => readCertificates(bytes)) ?? []
  const privateKey = attempt(() => readPrivateKey(bytes, { ...(password && { password }) }))
  const publicKey =
    privateKey === undefined ? attempt(() => readPublicKey(bytes)) : createPublicKey(privateKey)
  if (publicKey !== undefined) return [{ ...(privateKey && { privateKey }), publicKey, certificates }]
  if (password === undefined) {
    throw new KeyError(
      'not_found',
      'no key and no certificate; if this is a key store, its password is needed',
    )
  }
  return readStore(bytes, password)
}

function readStore(bytes: Uint8Array, password: Secret): readonly KeyMaterial[] {
  const store = openKeyStore(bytes, { password })
  return store.aliases.map((alias) => {
    const privateKey = store.hasPrivateKey(alias) ? store.privateKey(alias) : undefined
    const certificates = store.certificates(alias)
    const [leaf] = certificates
    const publicKey = leaf === undefined ? privateKey && createPublicKey(privateKey) : publicKeyOf(leaf)
    return { alias, ...(privateKey && { privateKey }), ...(publicKey && { publicKey }), certificates }
  })
}

/** What a file is not, it may still be in another form; a password that is missing or wrong ends the search. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof KeyError)) throw error
    if (error.code === 'password_required' || error.code === 'wrong_password') throw error
    return undefined
  }
}

/** The one entry of a file, or the one of a name. */
export function selectMaterial(entries: readonly KeyMaterial[], alias: string | undefined): KeyMaterial {
  const known = entries.map((entry) => entry.alias).join(', ')
  const matching =
    alias === undefined
      ? entries
      : entries.filter((entry) => entry.alias?.toLowerCase() === alias.toLowerCase())
  const [found] = matching
  if (found !== undefined && matching.length === 1) return found
  if (alias === undefined) throw new KeyError('not_found', `several entries, name one: ${known}`)
  throw new KeyError('not_found', `no entry ${alias}${known === '' ? '' : `; there are ${known}`}`)
}
