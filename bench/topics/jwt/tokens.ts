import { constants, createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

export type Algorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA' | 'HS256'

/** What every variant of a table gets: one key, tokens that hold under it, and tokens that do not. */
export interface Issued {
  readonly algorithm: Algorithm
  readonly issuer: string
  readonly audience: string
  /** The public key, twice; absent for a shared secret. */
  readonly jwk?: PublicJwk
  readonly pem?: string
  readonly secret?: string
  readonly tokens: readonly string[]
  /** One token for each check, by the reason to refuse it. */
  readonly refused: Readonly<Record<string, string>>
}

type PublicJwk = Readonly<Record<string, unknown>> & {
  readonly kty: string
  readonly kid: string
  readonly alg: Algorithm
}
type Claims = Readonly<Record<string, unknown>>
type Signer = (claims: Claims, header?: Claims) => string

const issuer = 'https://issuer.example'
const audience = 'https://orders.example'
const kid = 'key-1'

/** Signed with node:crypto alone, so that no measured library has made them. */
export function issueTokens(algorithm: Algorithm, count: number): Issued {
  const { secret, publicKey, signer } = makeKey(algorithm)
  const pem = publicKey?.export({ type: 'spki', format: 'pem' }).toString()
  const confused = hmacSigner(pem ?? String(secret), 'sha512', 'HS512')
  const good = toClaims(0)
  return {
    algorithm,
    issuer,
    audience,
    ...(publicKey !== undefined && { jwk: toJwk(publicKey, algorithm) }),
    ...(pem !== undefined && { pem }),
    ...(secret !== undefined && { secret }),
    tokens: Array.from({ length: count }, (_, index) => signer(toClaims(index))),
    refused: {
      'another issuer': signer({ ...good, iss: 'https://other.example' }),
      'another audience': signer({ ...good, aud: 'https://other.example' }),
      'an exp that has passed': signer({ ...good, exp: nowSeconds() - 3600 }),
      'an algorithm that is not the configured one': confused(good),
      'a signature by another key': makeKey(algorithm).signer(good),
      'a payload that was changed': changePayload(signer(good)),
    },
  }
}

function toJwk(publicKey: KeyObject, alg: Algorithm): PublicJwk {
  const jwk = publicKey.export({ format: 'jwk' })
  return { ...jwk, kty: String(jwk.kty), kid, alg }
}

function toClaims(index: number): Claims {
  return {
    iss: issuer,
    sub: `user-${index}`,
    aud: audience,
    exp: nowSeconds() + 86_400,
    iat: nowSeconds(),
    jti: `${index}-${randomBytes(8).toString('hex')}`,
    scope: 'read_order update_order',
    client_id: 'web-shop',
  }
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

interface Key {
  readonly secret?: string
  readonly publicKey?: KeyObject
  readonly signer: Signer
}

function makeKey(algorithm: Algorithm): Key {
  if (algorithm === 'HS256') {
    const secret = randomBytes(48).toString('base64url')
    return { secret, signer: hmacSigner(secret, 'sha256', algorithm) }
  }
  const { publicKey, privateKey } = makePair(algorithm)
  const hash = algorithm === 'EdDSA' ? null : 'sha256'
  const key =
    algorithm === 'PS256'
      ? { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
      : { key: privateKey, dsaEncoding: 'ieee-p1363' as const }
  return { publicKey, signer: toSigner(algorithm, (input) => sign(hash, input, key)) }
}

function makePair(algorithm: Algorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return algorithm === 'EdDSA'
    ? generateKeyPairSync('ed25519')
    : generateKeyPairSync('rsa', { modulusLength: 2048 })
}

/** Also of the tokens of the memory table, which are too many to be kept. */
export function hmacSigner(secret: string, hash: string, algorithm: string): Signer {
  return toSigner(algorithm, (input) => createHmac(hash, secret).update(input).digest())
}

function toSigner(alg: string, signBytes: (input: Buffer) => Buffer): Signer {
  return (claims, header = {}) => {
    const input = [{ alg, typ: 'JWT', kid, ...header }, claims].map(encode).join('.')
    return `${input}.${signBytes(Buffer.from(input)).toString('base64url')}`
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function changePayload(token: string): string {
  const [header, payload = '', signature] = token.split('.')
  const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
  return [header, encode({ ...(claims as Claims), sub: 'someone else' }), signature].join('.')
}
