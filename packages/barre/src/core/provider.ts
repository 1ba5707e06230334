import type { Call } from './call.ts'
import type { Denial, Reply } from './denial.ts'
import type { Principal } from './principal.ts'
import type { Awaitable, Result } from './result.ts'

/** A proven caller, and metadata that the answer must carry. */
export interface Authenticated {
  readonly principal: Principal
  readonly reply?: Reply
}

/**
 * One way to prove identity. `read` is pure and may abstain by returning `undefined`; once it has read,
 * `verify` decides.
 * Both are declared as methods on purpose: their bivariance lets providers of different credentials share one
 * list.
 */
export interface Provider<C = unknown> {
  /**
   * The authentication schemes that it answers to, as registered: `Bearer`, `Basic`; none for a certificate.
   */
  readonly schemes: readonly string[]
  read(call: Call): Result<C> | undefined
  verify(credential: C, call: Call): Awaitable<Result<Authenticated>>
  /** RFC 9110 §11.6.1 challenges for a refusal; transports only place them. */
  challenges(denial: Denial): readonly string[]
  /** True when it reads the client certificate: the listener must then request one. */
  readonly needsClientCertificate?: boolean
  /** True when it reads the identity of a pre-shared key: on a wire that has some, there must be some. */
  readonly needsPreSharedKey?: boolean
  /** True when it compares the URL that was called: the wire must then know its public origin. */
  readonly needsPublicOrigin?: boolean
  /** Whether what it depends on (a JWKS, a directory) can be used now; absent means always. */
  ready?(): boolean
  close?(): Promise<void>
}
