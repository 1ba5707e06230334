import { createHash, generateKeyPairSync } from 'node:crypto'
import type { JsonWebKey, KeyObject } from 'node:crypto'
import { importSigningKey, signJws, thumbprint } from '../src/jose/index.ts'
import type { Jwk, JwsAlgorithm } from '../src/jose/index.ts'

/** A caller's key. */
export interface ProofKey {
  readonly privateKey: KeyObject
  readonly jwk: JsonWebKey
  readonly jkt: string
}

export function proofKey(): ProofKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return toProofKey(privateKey, publicKey)
}

export function toProofKey(privateKey: KeyObject, publicKey: KeyObject): ProofKey {
  const jwk = publicKey.export({ format: 'jwk' })
  return { privateKey, jwk, jkt: thumbprint(jwk as Jwk) }
}

/** What a proof is about; `undefined` leaves a claim or a header member out. */
export interface ProofChanges {
  readonly header?: Readonly<Record<string, unknown>>
  readonly claims?: Readonly<Record<string, unknown>>
  readonly algorithm?: JwsAlgorithm
  /** What the proof is signed with, when it is not the key in its header. */
  readonly signer?: KeyObject
}

let made = 0

/** A proof that is good at `nowMs` for this call, but for the changes. */
export async function makeProof(
  key: ProofKey,
  call: { readonly method: string; readonly target: string; readonly token: string },
  nowMs: number,
  { header, claims, algorithm = 'ES256', signer = key.privateKey }: ProofChanges = {},
): Promise<string> {
  const payload = {
    jti: `proof-${++made}`,
    htm: call.method,
    htu: call.target,
    iat: Math.floor(nowMs / 1000),
    ath: createHash('sha256').update(call.token).digest('base64url'),
    ...claims,
  }
  const signing = importSigningKey(signer, { algorithm, path: 'proof' })
  return signJws({ typ: 'dpop+jwt', jwk: key.jwk, ...header }, JSON.stringify(payload), signing)
}
