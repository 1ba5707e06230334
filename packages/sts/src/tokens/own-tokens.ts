import { decodeJwt, parseJws, verifyJws } from 'barre/jose'
import { tokenHash } from './access-token.ts'
import type { Services } from 'barre/core'
import type { Payload } from 'barre/jose'
import type { SigningKeys } from '../keys/signing-keys.ts'
import type { Store } from '../store/index.ts'

/** Access tokens that this service has issued. */
export interface OwnTokens {
  /** What a living token says; `undefined` for all others: unknown, expired, revoked, somebody else's. */
  read(token: string): Promise<Payload | undefined>
}

export function ownTokens(
  issuer: string,
  keys: SigningKeys,
  store: Store,
  services: Pick<Services, 'now'>,
): OwnTokens {
  return {
    async read(token) {
      const nowMs = services.now()
      const payload = isJwt(token)
        ? readJwt(token, issuer, keys)
        : ((await store.findAccessToken(tokenHash(token), nowMs)) as Payload | undefined)
      const { jti, exp = 0 } = payload ?? {}
      if (jti === undefined || exp * 1000 <= nowMs) return undefined
      const isRevoked = await store.isRevoked([jti, familyOf(jti)])
      return isRevoked ? undefined : payload
    },
  }
}

/** The grant that a token's id names, or the id itself. */
export function familyOf(tokenId: string): string {
  return tokenId.split('.', 1)[0] ?? tokenId
}

function isJwt(token: string): boolean {
  return token.includes('.')
}

function readJwt(token: string, issuer: string, keys: SigningKeys): Payload | undefined {
  const jws = parseJws(token)
  const decoded = decodeJwt(token)
  if (!jws.ok || !decoded.ok) return undefined
  const { header, payload } = decoded.value
  const key = keys.verification().find(({ kid }) => kid === header.kid)
  if (key === undefined || header.typ !== 'at+jwt' || payload.iss !== issuer) return undefined
  return verifyJws(jws.value, key).ok ? payload : undefined
}
