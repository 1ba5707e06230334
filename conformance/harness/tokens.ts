import { createHmac } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { systemClock } from 'barre/core'
import { jwt } from 'barre/jwt'
import type { IssuerConfig } from 'barre/jwt'
import { audience, issuer } from './world.ts'
import type { World } from './world.ts'

/** A token of the world's issuer for `alice` with the scope `orders`, but for what `changes` says otherwise. */
export async function issueToken(world: World, changes: Partial<IssuerConfig> = {}): Promise<string> {
  const { customClaims, ...others } = changes
  return jwt.issue({
    issuer,
    audience,
    username: 'alice',
    keyId: 'one',
    signatureConfig: { algorithm: 'ES256', config: world.issuerKey.privateKey },
    ...others,
    customClaims: { scope: 'orders', ...customClaims },
  })
}

/** Claims of a token that ended an hour ago. */
export function endedAnHourAgo(): Record<string, number> {
  const end = Math.floor(systemClock() / 1000) - 3600
  return { iat: end - 300, nbf: end - 300, exp: end }
}

/** The same claims under `alg: none`, unsigned. */
export function unsigned(token: string): string {
  const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url')
  return `${header}.${token.split('.')[1]}.`
}

/** With one bit of the signature changed. */
export function tampered(token: string): string {
  const [header, payload, signature = ''] = token.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  bytes[0]! ^= 1
  return `${header}.${payload}.${bytes.toString('base64url')}`
}

/** The same claims under HS256, with the text of a public key as the secret: what libraries that mix the two accept. */
export function signedWithPublicKey(token: string, key: KeyObject): string {
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'JWT', kid: 'one' })).toString('base64url')
  const input = `${header}.${token.split('.')[1]}`
  const secret = key.export({ format: 'pem', type: 'spki' })
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}
