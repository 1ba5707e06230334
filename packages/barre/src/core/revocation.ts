import type { Principal } from './principal.ts'

/** What has been revoked: everybody and everything that matches all the members given. */
export interface Revocation {
  readonly issuer?: string
  /** The `sub` of a token, or a user name. Tokens that were issued after `revokedAtSeconds` are good again. */
  readonly subject?: string
  /** `jti` */
  readonly tokenId?: string
  /** `sid`: every token of that session, whenever issued. */
  readonly sessionId?: string
  /** SHA-256 of the token as it was sent, in base64url: for tokens without a `jti`. */
  readonly tokenHash?: string
  /** Everything that was issued until `revokedAtSeconds`, whoever has it; goes with no other member. */
  readonly all?: true
  /** Seconds since the epoch; default now. */
  readonly revokedAtSeconds?: number
  /** When the last token that it is about ends, where that is known: it is remembered until then. */
  readonly expiresAtSeconds?: number
}

/** What a revocation may be about: a principal, or a token that is to become one. */
export type Revocable = Pick<Principal, 'issuer' | 'username' | 'claims'> & { readonly tokenHash?: string }

/** The members that name something, from the most to the least particular, and where that something has them. */
export const particulars: Readonly<Record<Particular, (about: Revocable) => unknown>> = {
  tokenHash: (about) => about.tokenHash ?? tokenHashes.get(about),
  tokenId: ({ claims }) => claims['jti'],
  sessionId: ({ claims }) => claims['sid'],
  subject: ({ claims, username }) => claims['sub'] ?? username,
  issuer: (about) => about.issuer,
}

export type Particular = 'tokenHash' | 'tokenId' | 'sessionId' | 'subject' | 'issuer'

export const particularNames: readonly Particular[] = Object.keys(particulars) as Particular[]

/** A principal does not show its token; this is what a revocation by `tokenHash` finds it by. */
const tokenHashes = new WeakMap<Revocable, string>()

/** Remembers which token has proven a principal, by its hash. */
export function rememberTokenHash(principal: Principal, tokenHash: string): void {
  tokenHashes.set(principal, tokenHash)
}

/** Whether `revocation` is about this one. A revocation that names nothing is about nobody. */
export function isRevokedBy(about: Revocable, revocation: Revocation): boolean {
  const named = particularNames.filter((name) => revocation[name] !== undefined)
  if (named.length === 0 && revocation.all !== true) return false
  if (named.some((name) => particulars[name](about) !== revocation[name])) return false
  return isOfOneToken(revocation) || issuedAtSeconds(about) <= (revocation.revokedAtSeconds ?? Infinity)
}

/** A token, or a session, does not come back; a user does. */
function isOfOneToken({ tokenHash, tokenId, sessionId }: Revocation): boolean {
  return (tokenHash ?? tokenId ?? sessionId) !== undefined
}

/** What does not say when it was issued could be of any time, so it is taken to be old. */
export function issuedAtSeconds({ claims: { iat } }: Revocable): number {
  const seconds = typeof iat === 'string' && /^\d{1,15}$/.test(iat) ? Number(iat) : iat
  return typeof seconds === 'number' && Number.isFinite(seconds) ? seconds : 0
}
