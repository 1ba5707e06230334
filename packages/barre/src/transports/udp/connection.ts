import type { DtlsError, DtlsSession } from './dtls/index.ts'

/** An open connection over DTLS: messages may be lost, doubled by nobody, and overtake each other. */
export interface DtlsConnection {
  readonly remote: { readonly address: string; readonly port: number }
  /** The largest message, in bytes. */
  readonly dataMaxBytes: number
  /** Sends one message, in a datagram of its own. Answers false where it fits none, or the connection has ended. */
  send(data: Uint8Array): boolean
  /** Hears each message; those that came before, 64 at most, come at once. */
  onMessage(listener: (data: Buffer) => void): void
  /** Hears how the connection ended: without an error where one side closed it. */
  onClose(listener: (error: DtlsError | undefined) => void): void
  close(): void
}

/** What a session tells, and who listens. */
export interface Listeners {
  message: (data: Buffer) => void
  readonly close: Set<(error: DtlsError | undefined) => void>
}

export function noListeners(): Listeners {
  return { message: () => undefined, close: new Set() }
}

export function toConnection(
  session: DtlsSession,
  remote: DtlsConnection['remote'],
  listeners: Listeners,
): DtlsConnection {
  return {
    remote,
    dataMaxBytes: session.dataMaxBytes,
    send: (data) => session.send(data),
    onMessage(listener) {
      listeners.message = listener
      session.open()
    },
    onClose: (listener) => void listeners.close.add(listener),
    close: () => session.close(),
  }
}
