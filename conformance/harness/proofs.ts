import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto'
import { systemClock } from 'barre/core'
import { importSigningKey, signJws, thumbprint } from 'barre/jose'
import type { Jwk } from 'barre/jose'
import type { Prove } from './kit.ts'

/** A caller's key, and proofs of it (RFC 9449). */
export interface Prover {
  readonly jkt: string
  /** A proof for each call with this token; `changes` are claims that say something else. */
  prove(token: string, changes?: Readonly<Record<string, unknown>>): Prove
}

export function createProver(): Prover {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = publicKey.export({ format: 'jwk' })
  const key = importSigningKey(privateKey, { algorithm: 'ES256', path: 'proof' })
  return {
    jkt: thumbprint(jwk as Jwk),
    prove: (token, changes) => async (method, target) => {
      const claims = {
        jti: randomUUID(),
        htm: method,
        htu: target,
        iat: Math.floor(systemClock() / 1000),
        ath: createHash('sha256').update(token).digest('base64url'),
        ...changes,
      }
      return [await signJws({ typ: 'dpop+jwt', jwk }, JSON.stringify(claims), key)]
    },
  }
}

/** What a token says in its header, proven by nothing. */
export function decodeJwtHeader(token: string): Readonly<Record<string, unknown>> {
  const [header = ''] = token.split('.')
  return JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<string, unknown>
}
