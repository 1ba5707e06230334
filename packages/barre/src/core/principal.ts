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
