import type { Policy } from './policy.ts'

/** A service's compiled `auth`: all that its transport asks of it. */
export interface Rules {
  /**
   * What a resource demands. `auth` is what the resource itself says (`undefined`: nothing, so the service's
   * entries hold);
   * the answer `undefined` means open. Throws ConfigError that names `path`: called once per resource, at
   * start.
   */
  policyFor(auth: unknown, path: string): Policy | undefined
  /** Whether a policy made here reads the client certificate: the listener must then request one. */
  readonly needsClientCertificate: boolean
  /** Whether a policy made here reads the identity of a pre-shared key. */
  readonly needsPreSharedKey?: boolean
  /** Whether a policy made here compares the URL that was called: the wire must then know its public origin. */
  readonly needsPublicOrigin?: boolean
  /** Whether every provider can be used now. */
  ready(): boolean
  close(): Promise<void>
}
