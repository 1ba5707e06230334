import { createPublicKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isRecord } from 'barre/core'
import {
  KeyError,
  keyFileMaxBytes,
  openKeyStore,
  publicKeyOf,
  readCertificates,
  readPrivateKey,
  readPublicKey,
} from 'barre/crypto'
import { importJwk, parseJsonObject } from 'barre/jose'
import type { KeyObject, X509Certificate } from 'node:crypto'
import type { Secret } from 'barre/core'
import type { Jwk } from 'barre/jose'

/** What a file holds under one name: a key, certificates, or both. */
export interface KeyMaterial {
  /** The name in a key store. */
  readonly alias?: string
  readonly privateKey?: KeyObject
  readonly publicKey?: KeyObject
  /** Of a JWK of type oct. */
  readonly sharedKey?: KeyObject
  readonly certificates: readonly X509Certificate[]
}

/**
 * Reads PEM, DER, PKCS#12, JKS, a JWK or a JWK set, by what the file holds and not by its name. Throws KeyError,
 * `not_found` when it is none of them, and ConfigError for a JWK that is no key.
 */
export async function readKeyMaterial(file: string, password?: Secret): Promise<readonly KeyMaterial[]> {
  const bytes = await readFile(file)
  if (isJson(bytes)) return readJwks(bytes, file)
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

function isJson(bytes: Buffer): boolean {
  return bytes.subarray(0, 64).toString('latin1').trimStart().startsWith('{')
}

function readJwks(bytes: Buffer, file: string): readonly KeyMaterial[] {
  const parsed = parseJsonObject(bytes, file, keyFileMaxBytes)
  if (!parsed.ok) throw new KeyError('malformed', parsed.denial.detail)
  const { keys } = parsed.value
  const members: readonly unknown[] = Array.isArray(keys) ? keys : [parsed.value]
  return members.map((member, index) => {
    if (isJwk(member)) return fromJwk(member, Array.isArray(keys) ? `keys[${index}]` : file)
    throw new KeyError('malformed', `${file}: expected a JWK or a JWK set`)
  })
}

function isJwk(value: unknown): value is Jwk {
  return isRecord(value) && typeof value['kty'] === 'string'
}

function fromJwk(jwk: Jwk, path: string): KeyMaterial {
  const key = importJwk(jwk, path)
  const named = { ...(typeof jwk.kid === 'string' && { alias: jwk.kid }), certificates: [] }
  if (key.type === 'secret') return { ...named, sharedKey: key }
  if (key.type === 'public') return { ...named, publicKey: key }
  return { ...named, privateKey: key, publicKey: createPublicKey(key) }
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
