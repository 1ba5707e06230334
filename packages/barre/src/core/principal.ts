import { freezeData } from './freeze.ts'
import { ReadOnlySet } from './read-only-set.ts'

/** A proven caller. Deep-frozen: no handler can change what the next caller of a cached token gets. */
export interface Principal {
  /** Unique across issuers: `toPrincipalId` for tokens, the user name or certificate identity elsewhere. */
  readonly id: string
  readonly username: string
  readonly scopes: ReadonlySet<string>
  /** How it was proven: `Bearer`, `Basic`, `DPoP`, `mutual-tls`. */
  readonly scheme: string
  readonly issuer?: string
  readonly claims: Readonly<Record<string, unknown>>
  /** When it stops being true, in seconds since the epoch; watch() ends live connections then. */
  readonly expiresAtSeconds?: number
  /** Who acts on the principal's behalf (RFC 8693 `act`). */
  readonly actor?: Principal
}

/**
 * The id of a subject that an issuer names: `issuer:subject`. In the subject `:` and `%` are percent-encoded, so that
 * no two issuers and subjects share an id, whatever colons they hold.
 */
export function toPrincipalId(issuer: string | undefined, subject: string): string {
  const plain = subject.replaceAll(/[%:]/g, encodeURIComponent)
  return issuer === undefined ? plain : `${issuer}:${plain}`
}

type PrincipalInput = Omit<Principal, 'scopes' | 'claims'> & {
  readonly scopes?: Iterable<string>
  readonly claims?: Readonly<Record<string, unknown>>
}

/** Makes a principal that nobody can change afterwards: claims are copied, frozen and without a prototype. */
export function toPrincipal(input: PrincipalInput): Principal {
  return Object.freeze({
    ...input,
    scopes: new ReadOnlySet(input.scopes ?? []),
    claims: freezeData(input.claims ?? {}) as Readonly<Record<string, unknown>>,
  })
}

/**
 * Why a principal must not take another one's place on a connection that lasts; nothing where it may. It is the same
 * caller, by the same key or certificate where the first credential was bound to one (RFC 7800 `cnf`).
 */
export function successionProblem(before: Principal, after: Principal): string | undefined {
  if (after.id !== before.id) return "the new credential is another caller's"
  const [bound, next] = [before, after].map(({ claims }) => Object(claims['cnf']) as Record<string, unknown>)
  const isKept = Object.entries(bound!).every(([name, value]) => next![name] === value)
  return isKept ? undefined : 'the new credential is not bound to what the first one was'
}
