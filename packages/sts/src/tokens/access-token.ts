import { Buffer } from 'node:buffer'
import { signJws } from 'barre/jose'
import type { Services } from 'barre/core'
import type { SigningKeys } from '../keys/signing-keys.ts'
import type { TokenResponse } from '../grants/grant.ts'

/** What a token is to say. */
interface TokenContent {
  readonly subject: string
  readonly clientId: string
  readonly audience: readonly string[]
  readonly scopes: readonly string[]
  /** Who acts for the subject (RFC 8693 §4.1). */
  readonly actor?: Actor
  /** Further claims about the subject. They cannot take the place of a registered one. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** The token ends no later than this, in seconds since the epoch. */
  readonly notAfterSeconds?: number
}

/** RFC 8693 §4.1: the acting party; inside it, the one before. */
export interface Actor {
  readonly sub: string
  readonly iss?: string
  readonly act?: Actor
}

export interface IssuedToken {
  readonly token: string
  readonly lifetimeSeconds: number
  readonly scopes: readonly string[]
}

/** Makes access tokens. Opaque ones will be another implementation. */
export interface TokenIssuer {
  issue(content: TokenContent): Promise<IssuedToken>
}

/** Random bytes in a token id. */
const tokenIdBytes = 16

/** Access tokens by RFC 9068: JWTs of type `at+jwt`, signed by the current key. */
export function jwtAccessTokens(
  issuer: string,
  lifetimeSeconds: number,
  keys: SigningKeys,
  services: Pick<Services, 'now' | 'random'>,
): TokenIssuer {
  return {
    async issue({ subject, clientId, audience, scopes, actor, claims, notAfterSeconds = Infinity }) {
      const issuedAt = Math.floor(services.now() / 1000)
      const expiresAt = Math.min(issuedAt + lifetimeSeconds, notAfterSeconds)
      const payload = {
        ...claims,
        iss: issuer,
        sub: subject,
        aud: audience.length === 1 ? audience[0] : audience,
        exp: expiresAt,
        iat: issuedAt,
        jti: Buffer.from(services.random(tokenIdBytes)).toString('base64url'),
        client_id: clientId,
        ...(scopes.length > 0 && { scope: scopes.join(' ') }),
        ...(actor && { act: actor }),
      }
      const token = await signJws({ typ: 'at+jwt' }, JSON.stringify(payload), keys.current())
      return { token, lifetimeSeconds: expiresAt - issuedAt, scopes }
    },
  }
}

/** The answer that hands a token over. */
export function toResponse(issued: IssuedToken): TokenResponse {
  return {
    access_token: issued.token,
    token_type: 'Bearer',
    expires_in: issued.lifetimeSeconds,
    ...(issued.scopes.length > 0 && { scope: issued.scopes.join(' ') }),
  }
}
