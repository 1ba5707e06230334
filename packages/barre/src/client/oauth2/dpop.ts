import { createHash, generateKeyPairSync } from 'node:crypto'
import { BoundedCache } from '../../core/index.ts'
import type { Awaitable, Services } from '../../core/index.ts'
import { importSigningKey, publicJwk, jwsSigner } from '../../jose/index.ts'

/** Proofs that we hold the key which our tokens are bound to (RFC 9449). */
export interface Dpop {
  /** A proof for one request. `token`: the access token that it is sent with. */
  proof(method: string, target: URL, token?: string): Awaitable<string>
  /** Remembers the nonce that a server wants in proofs; whether it is another one than before. */
  learn(target: URL, nonce: string | undefined): boolean
}

/** Servers whose nonces are remembered. */
const noncesMax = 100
// RFC 9449 §8.1: NQCHAR; the length is our limit.
const nonceForm = /^[\x21\x23-\x5b\x5d-\x7e]{1,512}$/

/** Makes a key that lives as long as this process, and proofs with it. */
export function createDpop(services: Services): Dpop {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = importSigningKey(privateKey, { algorithm: 'ES256', path: 'dpop' })
  const { kty, crv, x, y } = publicJwk(key)
  const sign = jwsSigner({ typ: 'dpop+jwt', jwk: { kty, crv, x, y } }, () => key)
  const nonces = new BoundedCache<string, string>({ maxEntries: noncesMax, maxBytes: Infinity })
  return {
    proof(method, target, token) {
      const nowMs = services.now()
      const nonce = nonces.get(target.origin, nowMs)
      const claims = {
        jti: Buffer.from(services.random(16)).toString('base64url'),
        htm: method,
        // RFC 9449 §4.2: without query and fragment.
        htu: `${target.origin}${target.pathname}`,
        iat: Math.floor(nowMs / 1000),
        ...(token !== undefined && { ath: createHash('sha256').update(token).digest('base64url') }),
        ...(nonce !== undefined && { nonce }),
      }
      return sign(JSON.stringify(claims))
    },
    learn(target, nonce) {
      if (nonce === undefined || !nonceForm.test(nonce)) return false
      const before = nonces.get(target.origin, services.now())
      nonces.set(target.origin, nonce, { bytes: nonce.length, expiresAtMs: Infinity })
      return before !== nonce
    },
  }
}
