import { createHmac, decapsulate, encapsulate } from 'node:crypto'
import { refuse, Secret } from '../../core/index.ts'
import { aesGcm, chaCha20Poly1305 } from '../cipher/index.ts'
import type { KeyObject } from 'node:crypto'
import type { Result } from '../../core/index.ts'
import type { Aead } from '../cipher/index.ts'

export interface HpkeOptions {
  /** What the message is for; both sides must say the same. */
  readonly info?: Uint8Array
  /** Authenticated, not encrypted. */
  readonly additionalData?: Uint8Array
  readonly psk?: HpkePsk
  /** Default `hkdf-sha256`. */
  readonly kdf?: 'hkdf-sha256' | 'hkdf-sha384' | 'hkdf-sha512'
  /** Default `aes-256-gcm`. */
  readonly aead?: 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305'
}

/** A secret that both sides had before (RFC 9180 §5.1.2): who opens then knows that its holder sealed. */
export interface HpkePsk {
  /** At least 32 bytes, and as hard to guess; never a password. */
  readonly key: Uint8Array | Secret
  /** Which one it is; both sides must say the same. Not empty. */
  readonly id: string | Uint8Array
}

export interface HpkeSealOptions extends HpkeOptions {
  /** Of the receiver: X25519, X448, P-256, P-384, P-521, or ML-KEM-768. */
  readonly publicKey: KeyObject
}

export interface HpkeOpenOptions extends HpkeOptions {
  readonly privateKey: KeyObject
  /** What `seal` gave beside the ciphertext. */
  readonly encapsulated: Uint8Array
}

export interface Sealed {
  readonly encapsulated: Buffer
  readonly ciphertext: Buffer
}

/**
 * Hybrid public key encryption, RFC 9180: base mode, with `psk` its PSK mode; one message. The KEM follows from
 * the key; ML-KEM-768 is numbered as in draft-ietf-hpke-pq.
 */
export const hpke: {
  /** Throws a TypeError for a key of another type, and for a `psk` that is too short or has no id. */
  seal(plaintext: string | Uint8Array, options: HpkeSealOptions): Sealed
  /** `invalid` for anything that was not sealed for this key with these options. */
  open(ciphertext: Uint8Array, options: HpkeOpenOptions): Result<Buffer>
} = Object.freeze({
  seal(plaintext: string | Uint8Array, options: HpkeSealOptions): Sealed {
    const kemId = toKemId(options.publicKey, 'public')
    const { sharedKey, ciphertext: encapsulated } = encapsulate(options.publicKey)
    const { aead, key, nonce } = schedule(sharedKey, kemId, options)
    const ciphertext = aead.encrypt(plaintext, { key, nonce, ...additional(options) })
    return { encapsulated, ciphertext }
  },
  open(ciphertext: Uint8Array, options: HpkeOpenOptions): Result<Buffer> {
    const kemId = toKemId(options.privateKey, 'private')
    const sharedKey = tryDecapsulate(options)
    if (sharedKey === undefined) return refuse('invalid', 'the bytes encapsulate nothing for this key')
    const { aead, key, nonce } = schedule(sharedKey, kemId, options)
    return aead.decrypt(ciphertext, { key, nonce, ...additional(options) })
  },
})

function additional({ additionalData }: HpkeOptions): { additionalData?: Uint8Array } {
  return additionalData === undefined ? {} : { additionalData }
}

function tryDecapsulate({ privateKey, encapsulated }: HpkeOpenOptions): Buffer | undefined {
  try {
    return decapsulate(privateKey, encapsulated)
  } catch {
    return undefined
  }
}

/** RFC 9180 §7.1, by Node's name of the key's type or curve. */
const kemIds: Readonly<Record<string, number>> = {
  prime256v1: 0x0010,
  secp384r1: 0x0011,
  secp521r1: 0x0012,
  x25519: 0x0020,
  x448: 0x0021,
  'ml-kem-768': 0x0041,
}

function toKemId(key: KeyObject, type: 'public' | 'private'): number {
  const name = key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? 'secret'
  const id = kemIds[name]
  if (id !== undefined && key.type === type) return id
  throw new TypeError(
    `HPKE needs a ${type} key of type ${Object.keys(kemIds).join(', ')}; found ${key.type} ${name}`,
  )
}

interface KdfRow {
  readonly id: number
  readonly digest: string
}

const kdfs: Readonly<Record<NonNullable<HpkeOptions['kdf']>, KdfRow>> = {
  'hkdf-sha256': { id: 1, digest: 'sha256' },
  'hkdf-sha384': { id: 2, digest: 'sha384' },
  'hkdf-sha512': { id: 3, digest: 'sha512' },
}

interface AeadRow {
  readonly id: number
  readonly keyBytes: number
  readonly aead: Aead
}

const aeads: Readonly<Record<NonNullable<HpkeOptions['aead']>, AeadRow>> = {
  'aes-128-gcm': { id: 1, keyBytes: 16, aead: aesGcm },
  'aes-256-gcm': { id: 2, keyBytes: 32, aead: aesGcm },
  'chacha20-poly1305': { id: 3, keyBytes: 32, aead: chaCha20Poly1305 },
}

interface Schedule {
  readonly aead: Aead
  readonly key: Buffer
  readonly nonce: Buffer
}

const nonceBytes = 12

const pskMinBytes = 32

const none = Buffer.alloc(0)

/** RFC 9180 §5.1: the mode's number, and the two inputs that are empty without a secret of before. */
function modeOf(psk: HpkePsk | undefined): {
  readonly mode: 0 | 1
  readonly key: Buffer
  readonly id: Buffer
} {
  if (psk === undefined) return { mode: 0, key: none, id: none }
  const key = Buffer.from(psk.key instanceof Secret ? psk.key.reveal() : psk.key)
  const id = Buffer.from(psk.id)
  if (key.length < pskMinBytes || id.length === 0) {
    throw new TypeError(`HPKE: a psk has at least ${pskMinBytes} bytes, and an id`)
  }
  return { mode: 1, key, id }
}

/** RFC 9180 §5.1, for mode_base and mode_psk. */
function schedule(sharedSecret: Buffer, kemId: number, options: HpkeOptions): Schedule {
  const { kdf = 'hkdf-sha256', aead: aeadName = 'aes-256-gcm', info = Buffer.alloc(0) } = options
  const { id: kdfId, digest } = kdfs[kdf]
  const { id: aeadId, keyBytes, aead } = aeads[aeadName]
  const suite = Buffer.concat([Buffer.from('HPKE'), ...[kemId, kdfId, aeadId].map(twoBytes)])
  const extract = (salt: Uint8Array, label: string, material: Uint8Array): Buffer =>
    createHmac(digest, salt).update('HPKE-v1').update(suite).update(label).update(material).digest()
  const { mode, key: pskKey, id: pskId } = modeOf(options.psk)
  const context = Buffer.concat([
    Buffer.of(mode),
    extract(none, 'psk_id_hash', pskId),
    extract(none, 'info_hash', info),
  ])
  const secret = extract(sharedSecret, 'secret', pskKey)
  const expand = (label: string, length: number): Buffer => {
    const labelled = Buffer.concat([
      twoBytes(length),
      Buffer.from('HPKE-v1'),
      suite,
      Buffer.from(label),
      context,
    ])
    // One block of HKDF-Expand is enough: every digest is at least as long as a key.
    return createHmac(digest, secret).update(labelled).update(Buffer.of(1)).digest().subarray(0, length)
  }
  return { aead, key: expand('key', keyBytes), nonce: expand('base_nonce', nonceBytes) }
}

function twoBytes(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff)
}
