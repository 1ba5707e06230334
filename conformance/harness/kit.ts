import type { AuthConfig, ListenerAuthConfig, ResourceAuth } from 'barre/auth'
import type { CertKey, DenialCode, Principal, Services } from 'barre/core'
import type { Installable } from '../../tools/servers/index.ts'
import type { World } from './world.ts'

/** What can happen to a credential. Each provider's kit has a case for each, or says why there is none. */
export const outcomes = [
  'good',
  'absent',
  'malformed',
  'expired',
  'invalid',
  'out of scope',
  'unavailable',
  'duplicated',
  'other scheme',
  'scheme in other case',
] as const

export type Outcome = (typeof outcomes)[number]

/** A certificate and its key, as PEM text and as files. */
export interface Pair {
  readonly cert: string
  readonly key: string
  /** The same as files. */
  readonly files: CertKey
}

/** Makes the proofs of one call (RFC 9449). */
export type Prove = (method: string, target: string) => Promise<readonly string[]>

/** What a caller brings along, whatever the wire: the Authorization values, and the connection's certificate. */
export interface Presented {
  readonly authorization?: readonly string[]
  readonly proof?: Prove
  readonly certificate?: Pair
}

/** One credential, and the verdict on it. */
export interface Case {
  readonly outcome: Outcome
  /** What is special about it, where an outcome has several cases. */
  readonly of?: string
  readonly presented: Presented
  readonly expect: 'admitted' | DenialCode
  /** The resource called; default `plain`. */
  readonly resource?: 'plain' | 'elevated' | 'down'
  /** How far the service's clock is ahead of the machine's during the call, in milliseconds. */
  readonly aheadMs?: number
}

/** A provider, ready to be put into services. */
export interface Prepared {
  /** The entry, without scopes. */
  readonly entry: ListenerAuthConfig
  /** The same provider with what it depends on out of order. */
  readonly down?: ListenerAuthConfig
  /** Who the good credential proves. Their one scope is `orders`. */
  readonly principal: Pick<Principal, 'id' | 'username' | 'scheme'>
  /** The schemes that a caller without a credential is asked for, in lower case. */
  readonly asksFor: readonly string[]
  readonly cases: readonly Case[]
  /** The outcomes that do not exist for this provider, and why. */
  readonly never: Partial<Record<Outcome, string>>
}

/** One provider. Adding one: a file in providers/, and a line in its index. */
export interface ProviderKit {
  /** The folder in packages/barre/src/listener; combinations of several have none. */
  readonly folder?: string
  readonly name: string
  readonly readsCertificate: boolean
  /** Its callers prove a key for each call: for wires that have a URL. */
  readonly sendsProofs?: boolean
  /** The real server that it asks; without one on the machine its tests are skipped. */
  readonly needs?: Installable
  prepare(world: World): Promise<Prepared>
}

/** How a wire is secured: in clear text on loopback, or TLS that asks for a client certificate. */
export type Security = 'clear' | 'optional certificate' | 'required certificate'

/** What a transport has to serve. */
export interface Served {
  readonly auth: AuthConfig
  /** What each resource says; `service` is a resource that says nothing. Each can be read and written. */
  readonly resources: Readonly<Record<string, ResourceAuth | 'service'>>
  readonly services: Partial<Services>
  /** Answers an admitted call with JSON; `sent` is the parsed body of a write. */
  readonly handle: (principal: Principal | undefined, sent: unknown) => object
}

/** Where it is to serve it. */
export interface Place {
  readonly security: Security
  readonly host: string
  readonly world: World
}

export type Verb = 'read' | 'look' | 'write' | 'unfinished write'

/** A call, neutrally. `look` is a read of the metadata alone; an unfinished write never sends all of its body. */
export interface Sent {
  readonly resource: string
  readonly presented: Presented
  readonly verb?: Verb
  /** After the resource's name, where the wire has such a thing: a query. */
  readonly query?: string
}

/** An answer, neutrally. */
export interface Answer {
  /** The wire's own word for the outcome: a status, a code. */
  readonly says: string
  readonly challenges: readonly string[]
  readonly metadata: (name: string) => string | undefined
  /** All that was received, for the search for what must not be in it. */
  readonly text: string
  /** What the handler answered, when it was reached and the wire carried it. */
  readonly content?: unknown
}

export interface Running {
  /** Where it is reached. */
  readonly url: string
  call(sent: Sent): Promise<Answer>
  close(): Promise<void>
}

/** One listening wire. Adding one: a file in transports/, and a line in its index. */
export interface TransportKit {
  /** The folder in packages/barre/src/transports. */
  readonly folder: string
  /** Where a folder has several wires: what this one is called. Default: the folder. */
  readonly name?: string
  readonly securities: readonly Security[]
  /** The `publicOrigin` that services are started with, on wires whose calls have a URL. */
  readonly publicOrigin?: string
  /** What the wire says when a call is admitted, and when a resource does not exist. */
  readonly admitted: string
  readonly unknown: string
  /** Whether a resource may say `true`, for the service's `auth` as it is. */
  readonly takesTrue?: boolean
  /** Other ways to write the name of a resource, which must not lead past its guard. */
  readonly spellings: (resource: string) => readonly string[]
  /** What it says to a refused caller; `asks`: whether there is a challenge to send along. */
  readonly says: (code: DenialCode, asks: boolean) => string
  /** Rejects with the ConfigError where the service must not start. */
  start(served: Served, place: Place): Promise<Running>
}
