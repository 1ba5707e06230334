import { constants, createHmac, sign, timingSafeEqual, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { fromDerSignature, toDerSignature } from './ecdsa-signature.ts'

/** The signature algorithms, by their registered `alg` names. `none` is not one. */
export type JwsAlgorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'HS256'
  | 'HS384'
  | 'HS512'
  | 'EdDSA'
  | 'Ed25519'
  | 'Ed448'
  | 'ML-DSA-44'
  | 'ML-DSA-65'
  | 'ML-DSA-87'

export type Verify = (input: Buffer, signature: Buffer) => boolean
type Sign = (input: Buffer) => Buffer

/** What is known of an algorithm; nothing outside this file asks which one it is. */
export interface JwsAlgorithmRow {
  /** Whether the key is of the type, curve and parameters that the algorithm demands. */
  fits(key: KeyObject): boolean
  /** Prepared once per key, so that a call costs little more than the primitive. */
  verifier(key: KeyObject): Verify
  signer(key: KeyObject): Sign
  /** For a shared secret: the least number of bytes (RFC 7518 §3.2). */
  readonly secretMinBytes?: number
}

/** One row per algorithm: adding one is adding its name above and its row here. */
export const jwsAlgorithms: Readonly<Record<JwsAlgorithm, JwsAlgorithmRow>> = {
  RS256: rsa('sha256'),
  RS384: rsa('sha384'),
  RS512: rsa('sha512'),
  PS256: rsaPss('sha256', 32),
  PS384: rsaPss('sha384', 48),
  PS512: rsaPss('sha512', 64),
  ES256: ecdsa('sha256', 'prime256v1', 64),
  ES384: ecdsa('sha384', 'secp384r1', 96),
  ES512: ecdsa('sha512', 'secp521r1', 132),
  HS256: hmac('sha256', 32),
  HS384: hmac('sha384', 48),
  HS512: hmac('sha512', 64),
  // RFC 8037 lets EdDSA mean either curve; RFC 9864 gives each curve a name of its own.
  EdDSA: pure({ ed25519: 64, ed448: 114 }),
  Ed25519: pure({ ed25519: 64 }),
  Ed448: pure({ ed448: 114 }),
  'ML-DSA-44': pure({ 'ml-dsa-44': 2420 }),
  'ML-DSA-65': pure({ 'ml-dsa-65': 3309 }),
  'ML-DSA-87': pure({ 'ml-dsa-87': 4627 }),
}

export const jwsAlgorithmNames = Object.freeze(Object.keys(jwsAlgorithms)) as readonly JwsAlgorithm[]

export function isJwsAlgorithm(name: unknown): name is JwsAlgorithm {
  return typeof name === 'string' && Object.hasOwn(jwsAlgorithms, name)
}

function rsa(hash: string): JwsAlgorithmRow {
  return {
    fits: (key) => key.asymmetricKeyType === 'rsa',
    verifier: (key) => withLength(rsaBytes(key), (input, signature) => verify(hash, input, key, signature)),
    signer: (key) => (input) => sign(hash, input, key),
  }
}

function rsaPss(hash: string, hashBytes: number): JwsAlgorithmRow {
  const prepare = (key: KeyObject) => ({
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: hashBytes,
  })
  return {
    fits(key) {
      if (key.asymmetricKeyType === 'rsa') return true
      if (key.asymmetricKeyType !== 'rsa-pss') return false
      const { hashAlgorithm, mgf1HashAlgorithm, saltLength } = key.asymmetricKeyDetails ?? {}
      if (hashAlgorithm === undefined) return true
      return hashAlgorithm === hash && mgf1HashAlgorithm === hash && (saltLength ?? 0) <= hashBytes
    },
    verifier(key) {
      const prepared = prepare(key)
      return withLength(rsaBytes(key), (input, signature) => verify(hash, input, prepared, signature))
    },
    signer(key) {
      const prepared = prepare(key)
      return (input) => sign(hash, input, prepared)
    },
  }
}

function ecdsa(hash: string, curve: string, signatureBytes: number): JwsAlgorithmRow {
  return {
    fits: (key) => key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === curve,
    verifier: (key) =>
      withLength(signatureBytes, (input, signature) => verify(hash, input, key, toDerSignature(signature))),
    // RFC 7518 §3.4: the two integers at full length, side by side, not DER.
    signer: (key) => (input) => fromDerSignature(sign(hash, input, key), signatureBytes),
  }
}

/** Algorithms that hash by themselves; `signatureBytes` by key type. */
function pure(signatureBytes: Readonly<Record<string, number>>): JwsAlgorithmRow {
  return {
    fits: (key) => Object.hasOwn(signatureBytes, key.asymmetricKeyType ?? ''),
    verifier: (key) =>
      withLength(signatureBytes[key.asymmetricKeyType ?? ''] ?? 0, (input, signature) =>
        verify(null, input, key, signature),
      ),
    signer: (key) => (input) => sign(null, input, key),
  }
}

function hmac(hash: string, hashBytes: number): JwsAlgorithmRow {
  const mac = (key: KeyObject, input: Buffer) => createHmac(hash, key).update(input).digest()
  return {
    fits: (key) => key.type === 'secret',
    verifier: (key) =>
      withLength(hashBytes, (input, signature) => timingSafeEqual(mac(key, input), signature)),
    signer: (key) => (input) => mac(key, input),
    secretMinBytes: hashBytes,
  }
}

/** The length of a signature is fixed by the key: anything else is refused before any arithmetic. */
function withLength(bytes: number, verifySignature: Verify): Verify {
  return (input, signature) => signature.length === bytes && verifySignature(input, signature)
}

function rsaBytes(key: KeyObject): number {
  return Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
}
