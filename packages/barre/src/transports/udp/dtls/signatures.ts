import { constants, sign, verify } from 'node:crypto'
import type { KeyObject, SigningOptions } from 'node:crypto'
import { DtlsError } from './alert.ts'

/** A signature scheme (RFC 8446 §4.2.3, by whose numbers RFC 5246's pairs of hash and signature go, too). */
interface SignatureScheme {
  readonly id: number
  /** The type of key that makes it, as `KeyObject.asymmetricKeyType`. */
  readonly keyType: 'ec' | 'rsa' | 'ed25519'
  readonly hash: string | null
  readonly options?: SigningOptions
}

const pss: SigningOptions = {
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
}

/** What we sign with and accept, the best first. SHA-1 is not among them. */
const schemes: readonly SignatureScheme[] = [
  { id: 0x0807, keyType: 'ed25519', hash: null },
  { id: 0x0403, keyType: 'ec', hash: 'sha256' },
  { id: 0x0503, keyType: 'ec', hash: 'sha384' },
  { id: 0x0804, keyType: 'rsa', hash: 'sha256', options: pss },
  { id: 0x0805, keyType: 'rsa', hash: 'sha384', options: pss },
  { id: 0x0401, keyType: 'rsa', hash: 'sha256' },
  { id: 0x0501, keyType: 'rsa', hash: 'sha384' },
]

export const schemeIds: readonly number[] = schemes.map(({ id }) => id)

/** The kind of cipher suite that a key serves; `undefined` where it serves none. */
export function suiteKindOf({ asymmetricKeyType }: KeyObject): 'ecdsa' | 'rsa' | undefined {
  if (asymmetricKeyType === 'ec' || asymmetricKeyType === 'ed25519') return 'ecdsa'
  return asymmetricKeyType === 'rsa' ? 'rsa' : undefined
}

/** The best scheme of a key that the other side takes. */
export function chooseScheme(key: KeyObject, offered: readonly number[]): number | undefined {
  return schemes.find(({ id, keyType }) => keyType === key.asymmetricKeyType && offered.includes(id))?.id
}

export function signWith(schemeId: number, key: KeyObject, content: Buffer): Buffer {
  const { hash, options } = schemes.find(({ id }) => id === schemeId)!
  return sign(hash, content, { key, ...options })
}

/** Throws `illegal_parameter` for a scheme that was not offered or is not the key's, `decrypt_error` for a bad one. */
export function checkSignature(schemeId: number, key: KeyObject, content: Buffer, signature: Buffer): void {
  const scheme = schemes.find(({ id, keyType }) => id === schemeId && keyType === key.asymmetricKeyType)
  if (scheme === undefined) {
    throw new DtlsError('illegal_parameter', 'a signature of a scheme that was not offered')
  }
  if (verify(scheme.hash, content, { key, ...scheme.options }, signature)) return
  throw new DtlsError('decrypt_error', 'a signature does not verify')
}
