import { hash } from 'node:crypto'
import { chain } from 'barre/core'
import { jwsSigner } from 'barre/jose'
import type { Awaitable, Services } from 'barre/core'
import type { SigningKeys } from '../keys/signing-keys.ts'
import type { TokenResponse } from '../grants/grant.ts'
import type { Store } from '../store/index.ts'

/** What a token is to say. */
export interface TokenContent {
  readonly subject: string
  readonly clientId: string
  readonly audience: readonly string[]
  readonly scopes: readonly string[]
  /** Who acts for the subject (RFC 8693 §4.1). */
  readonly actor?: Actor
  /** Further claims about the subject. They cannot take the place of a registered one. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** What whoever uses the token must prove to have (RFC 7800). */
  readonly confirmation?: Confirmation
  /** The token ends no later than this, in seconds since the epoch. */
  readonly notAfterSeconds?: number
  /** The grant that it comes from: revoked with it. */
  readonly family?: string
}

/** The key (RFC 9449 §6.1) or the client certificate (RFC 8705 §3.1) that a token is bound to, by its SHA-256. */
export type Confirmation = { readonly jkt: string } | { readonly 'x5t#S256': string }

/** RFC 8693 §4.1: the acting party; inside it, the one before. */
export interface Actor {
  readonly sub: string
  readonly iss?: string
  readonly act?: Actor
}

export interface IssuedToken {
  readonly token: string
  readonly type: 'Bearer' | 'DPoP'
  readonly lifetimeSeconds: number
  readonly scopes: readonly string[]
  readonly id: string
}

/** Makes access tokens: JWTs, or opaque where their audience wants that. */
export interface TokenIssuer {
  /** `lifetimeSeconds`: of this client's tokens; default that of all. */
  issue(content: TokenContent, lifetimeSeconds?: number): Awaitable<IssuedToken>
}

export interface TokenIssuerConfig {
  readonly issuer: string
  readonly lifetimeSeconds: number
  readonly opaqueAudiences: ReadonlySet<string>
}

/** Random bytes in a token id, and in an opaque token. */
const tokenIdBytes = 16
const opaqueBytes = 32

/** RFC 9068: JWTs of type `at+jwt`, signed by the current key. An opaque token stands for the same claims. */
export function tokenIssuer(
  config: TokenIssuerConfig,
  keys: SigningKeys,
  store: Store,
  services: Pick<Services, 'now' | 'random'>,
): TokenIssuer {
  const sign = jwsSigner({ typ: 'at+jwt' }, () => keys.current())
  const random = (bytes: number): string => Buffer.from(services.random(bytes)).toString('base64url')
  return {
    issue(content, lifetimeSeconds = config.lifetimeSeconds) {
      const issuedAt = Math.floor(services.now() / 1000)
      const expiresAt = Math.min(issuedAt + lifetimeSeconds, content.notAfterSeconds ?? Infinity)
      const { family, audience, scopes, confirmation } = content
      const id = `${family === undefined ? '' : `${family}.`}${random(tokenIdBytes)}`
      const payload = toPayload(content, { iss: config.issuer, iat: issuedAt, exp: expiresAt, jti: id })
      const type = confirmation !== undefined && 'jkt' in confirmation ? 'DPoP' : 'Bearer'
      const issued = { type, lifetimeSeconds: expiresAt - issuedAt, scopes, id } as const
      if (audience.some((name) => config.opaqueAudiences.has(name))) {
        const token = random(opaqueBytes)
        const stored = store.addAccessToken(tokenHash(token), payload, expiresAt * 1000)
        return chain(stored, () => ({ token, ...issued }))
      }
      return chain(sign(JSON.stringify(payload)), (token) => ({ token, ...issued }))
    },
  }
}

/** JSON leaves out what is undefined. */
function toPayload(
  { claims, subject, audience, clientId, scopes, actor, confirmation }: TokenContent,
  own: { readonly iss: string; readonly iat: number; readonly exp: number; readonly jti: string },
): object {
  const payload = {
    iss: own.iss,
    sub: subject,
    aud: audience.length === 1 ? audience[0] : audience,
    exp: own.exp,
    iat: own.iat,
    jti: own.jti,
    client_id: clientId,
    scope: scopes.length > 0 ? scopes.join(' ') : undefined,
    act: actor,
    cnf: confirmation,
  }
  return claims === undefined ? payload : { ...claims, ...payload }
}

/** What the store knows a random token by. */
export function tokenHash(token: string): string {
  return hash('sha256', token, 'base64url')
}

/** The answer that hands a token over. */
export function toResponse(issued: IssuedToken, refreshToken?: string): TokenResponse {
  return {
    access_token: issued.token,
    token_type: issued.type,
    expires_in: issued.lifetimeSeconds,
    ...(issued.scopes.length > 0 && { scope: issued.scopes.join(' ') }),
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
  }
}
