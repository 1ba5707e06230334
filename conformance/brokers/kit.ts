import type { AuthConfig, ResourceAuth } from 'barre/auth'
import type { ClientSecureSocket } from 'barre/core'
import type { Installable } from '../../tools/servers/index.ts'
import type { Arrivals } from './arrivals.ts'
import type { Inbox } from './inbox.ts'
import type { TokenService } from './token-service.ts'
import type { BrokerWorld } from './world.ts'

/** One way to prove oneself to a broker. */
export interface Mechanism {
  readonly name: string
  /** Connects, and has the broker do something that only a known client may; rejects where it does not. */
  readonly tries: (attempt: Attempt) => Promise<void>
  /** What the broker, or the library, says to a credential that is not good. */
  readonly refusal: RegExp
  /** What says so where the certificate is missing and nothing is sent at all. */
  readonly refusalWithoutCertificate?: RegExp
  /** The certificate alone says who connects. */
  readonly isCertificate?: true
}

/** What is different from a connection that works. */
export interface Attempt {
  readonly credential: 'good' | 'bad'
  readonly host: 'localhost' | '127.0.0.1'
  readonly secureSocket: ClientSecureSocket
}

/** A producer and a consumer, on connections that stay, with credentials that live as long as `lifetimeSeconds`. */
export interface Flow {
  /** Resolves once the broker has confirmed it, with the number of attempts. */
  publish(id: number): Promise<number>
  readonly arrivals: Arrivals
  /** How many different credentials there were to be had so far. */
  issued(): number
  /** How many of them the broker says that it has taken. */
  taken(): Promise<number>
  /** How many connections have ended. */
  lost(): number
  close(): Promise<void>
}

/** A message that a handler, or whoever looks into refusals, has got. */
export interface Got {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  /** Who sent it, as the handler sees it. */
  readonly username?: string | undefined
}

/** A guarded consumer. */
export interface Consumer {
  publish(row: string, body: string, headers: Readonly<Record<string, string>>): Promise<void>
  readonly handled: Inbox<Got>
  readonly refused: Inbox<Got>
  /** How many messages the broker still waits for an acknowledgement of. */
  pending(): Promise<number>
  close(): Promise<void>
}

export interface Consuming {
  readonly auth: AuthConfig
  /** The rows that are published to, and what each demands. */
  readonly rows: Readonly<Record<string, ResourceAuth>>
}

export interface RunningBroker {
  readonly mechanisms: readonly Mechanism[]
  /** One for each library that there is for it. */
  openFlows(): Promise<readonly Flow[]>
  consume(consuming: Consuming): Promise<Consumer>
  /** Ends the broker as a crash would, and starts it again. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** One broker. Adding one: a file here, and a line in index.ts. */
export interface BrokerKit {
  /** The folder in packages/barre/src/transports. */
  readonly folder: string
  readonly needs: Installable
  /** Whether an open connection takes another credential; else it is made anew. */
  readonly renewsInPlace: boolean
  start(world: BrokerWorld, tokens: TokenService): Promise<RunningBroker>
}
