import { chain } from '../core/index.ts'
import { importVerificationKey } from './import-key.ts'
import { isKid } from './key.ts'
import { ConfigError } from '../core/index.ts'
import type { KeyObject } from 'node:crypto'
import type { Awaitable } from '../core/index.ts'
import type { Jwk } from './jwk.ts'
import type { Signer } from './key.ts'
import type { JwsAlgorithm } from './jws-algorithms.ts'

/** A private key that never comes here: in an HSM (PKCS#11), a key service, another process. */
export interface ExternalKey {
  readonly algorithm: JwsAlgorithm
  readonly kid?: string
  /** Its public half: a KeyObject, a JWK, or PEM text. */
  readonly publicKey: KeyObject | Jwk | string
  /** Signs the bytes, hashing included. */
  sign(input: Buffer): Awaitable<Uint8Array>
}

/**
 * A signer of an external key. Each signature is verified before it leaves: a device that answers in another form or
 * with another key makes the call throw, and no token. Throws ConfigError naming `path`.
 */
export function externalSigner(key: ExternalKey, path: string): Signer {
  const { algorithm, kid } = key
  if (kid !== undefined && !isKid(kid)) {
    throw new ConfigError(`${path}.kid`, 'expected at most 256 bytes without control characters')
  }
  const verification = importVerificationKey(key.publicKey, { path: `${path}.publicKey`, algorithm })
  const verify = verification.verifiers.get(algorithm)
  const checked = (input: Buffer, signature: Uint8Array): Uint8Array => {
    if (verify?.(input, Buffer.from(signature))) return signature
    throw new Error(`the external key did not answer with a ${algorithm} signature of its public key`)
  }
  return Object.freeze({
    algorithm,
    publicKey: verification.keyObject,
    ...(kid !== undefined && { kid }),
    sign: (input: Buffer) => chain(key.sign(input), (signature) => checked(input, signature)),
  })
}
