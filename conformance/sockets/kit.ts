import type { AuthConfig } from 'barre/auth'
import type { Services } from 'barre/core'
import type { Place, Presented } from '../harness/kit.ts'

/** What a wire of plain connections has to serve: to each message it answers the caller's name. */
export interface ServedSockets {
  readonly auth: AuthConfig
  readonly services: Partial<Services>
  /** To be told of each connection that the handler gets. */
  readonly onHandled: () => void
}

/** A connection, as its client sees it. */
export interface SocketConnection {
  /** Sends a message and gives the answer; rejects when the connection ends instead. */
  ask(): Promise<string>
  /** Resolves when the service ended it. */
  readonly ended: Promise<unknown>
  close(): Promise<unknown>
}

export interface RunningSockets {
  /** Opens a connection; rejects with the code of the handshake's refusal. */
  connect(presented: Presented): Promise<SocketConnection>
  close(): Promise<void>
}

/** A wire without metadata: callers prove themselves by the connection. Adding one: a file here, a line in index. */
export interface SocketKit {
  /** The folder in packages/barre/src/transports. */
  readonly folder: string
  /** Its handshake goes by the service's clock: where none is required, an expired certificate counts as none. */
  readonly handshakeHasClock?: boolean
  /** Rejects with the ConfigError where the service must not start. */
  start(served: ServedSockets, place: Place): Promise<RunningSockets>
}
