import type { ClientAuthConfig, ListenerAuthConfig } from 'barre/auth'
import type { DenialCode, Principal, Secret, Services } from 'barre/core'
import type { TransportKit } from './kit.ts'
import type { World } from './world.ts'

/** On whose behalf a call is made. */
export const callerKinds = [
  'nobody',
  'a caller with a token',
  'a caller without a token',
  'a caller whose token is bound to a key',
  'a caller whose credential has ended',
] as const

export type CallerKind = (typeof callerKinds)[number]

/** A source, ready to be put into clients. */
export interface PreparedSource {
  readonly auth: ClientAuthConfig
  /** The entry of a service that accepts this source and no other one. */
  readonly accepts: ListenerAuthConfig
  /** As whom the service knows the call, or why there is no credential to send. */
  readonly on: Readonly<Record<CallerKind, { readonly as: string } | { readonly without: DenialCode }>>
  /** Whether a refused credential can be replaced by another one; or this is no credential of calls. */
  readonly renews: boolean | 'never sent'
}

/** One source. Adding one: a file in sources/, and a line in its index. */
export interface SourceKit {
  /** The folder in packages/barre/src/client. */
  readonly folder: string
  prepare(world: World): Promise<PreparedSource>
}

export interface OnBehalfOf {
  readonly principal: Principal
  readonly credential?: Secret
}

/** One outgoing call. `text` is a body that can be sent again, `stream` one that cannot. */
export interface Outbound {
  readonly caller?: OnBehalfOf | undefined
  readonly body?: 'text' | 'stream'
}

/** What the client says of its call: the service's answer, or why nothing was sent. */
type Called = { readonly says: string } | { readonly without: DenialCode }

export interface Calling {
  call(outbound: Outbound): Promise<Called>
  close(): Promise<void>
}

/** One calling wire. Adding one: a file in callers/, and a line in its index. */
export interface CallerKit {
  /** The folder in packages/barre/src/transports. */
  readonly folder: string
  /** The listening wire that it speaks with. */
  readonly to: TransportKit
  /** Whether a body leaves only after the call was let in, so that none is ever lost to a refusal. */
  readonly sendsBodyLater?: boolean
  connect(config: {
    readonly url: string
    readonly resource: string
    readonly auth: ClientAuthConfig
    readonly services: Partial<Services>
    readonly world: World
  }): Calling
}
