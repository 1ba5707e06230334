import type { Principal } from './principal.ts'
import type { Awaitable, Result } from './result.ts'
import type { Secret } from './secret.ts'

/**
 * The calling side, the mirror of a credential: what a wire needs, not yet a header. SASL, AMQP and NATS use
 * the same sources as HTTP.
 */
export type Outgoing =
  | { readonly kind: 'password'; readonly username: string; readonly password: Secret }
  | {
      readonly kind: 'token'
      /** An envelope vouches for one message. */
      readonly scheme: 'Bearer' | 'DPoP' | 'Envelope'
      readonly token: Secret
      readonly expiresAtSeconds?: number
      readonly proof?: string
    }

/** What a call about to be sent needs a credential for. */
export interface Need {
  readonly method: string
  readonly target: string
  readonly audience?: string
  readonly scopes?: readonly string[]
  /** The inbound caller on whose behalf we call, for propagation and token exchange. */
  readonly caller?: Caller
  readonly signal?: AbortSignal
  /** The message's bytes, on message wires only. */
  payload?(): Uint8Array
  /**
   * Set on the second try, after the resource refused the first: renew only if this is still the current
   * credential.
   */
  readonly refused?: { readonly credential: Outgoing; metadata(name: string): readonly string[] }
  /** Renew in the middle of a token's life: for wires that present it again at a time of their own, before it ends. */
  readonly early?: true
}

export interface Caller {
  readonly principal: Principal
  /** The token that the caller presented, where it is one that may be passed on. */
  readonly credential?: Secret
}

/** Who we are, for one kind of outgoing call. */
export interface CredentialSource {
  credential(need: Need): Awaitable<Result<Outgoing>>
  ready?(): boolean
  close?(): Promise<void>
}
