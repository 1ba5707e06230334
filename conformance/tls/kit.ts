import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import type { ClientSecureSocket, ListenerSecureSocket, Log, Services } from 'barre/core'
import { toWatchedOptions, watchCertificates } from 'barre/tls'
import type { CertificateTarget, ServerTlsOptions } from 'barre/tls'

export interface Serving {
  readonly port: number
  /** Looks at the files of the certificate now; absent where the wire does so by itself. */
  readonly check?: () => unknown
  close(): unknown
}

export interface Calling {
  /** One call to the resource `who`; rejects where there is no answer. */
  call(): Promise<unknown>
  close(): unknown
}

/** Serves the resource `who`, which takes everybody and looks at certificates. Rejects with ConfigError. */
export type Serve = (secureSocket: ListenerSecureSocket) => Promise<Serving>

/** Throws ConfigError. */
export type Open = (port: number, secureSocket: ClientSecureSocket, services: Partial<Services>) => Calling

/** A wire, with the side or sides of it that are tried: the other one is there to talk to. */
export interface Wire {
  readonly name: string
  readonly serve: Serve
  readonly open: Open
  readonly tried: readonly ('listener' | 'client')[]
  /** The listener asks nobody who they are: TLS alone decides. */
  readonly asksNobody?: true
  /** The listener cannot staple, and does not start where it shall. */
  readonly staplesNot?: true
  /** Fields of the client that mean nothing to its library, so that it does not start with them. */
  readonly unusable?: readonly (keyof ClientSecureSocket)[]
}

export const auth = [{ mutualTlsConfig: { anyFromCa: [] } }] as const
export const optional = { optional: true } as const
export const topic = 'https://news.example/feed'

/** Seconds: nobody waits for another limit than the one that is tried. */
export const patience = 600

export const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

/** What is made of the options of a listener; the program listens, or the framework did already. */
export interface Made {
  readonly server: Server
  close?(): Promise<unknown>
}

/** A listener over node:https or node:http2, whose certificate is watched. */
export function serveBy(make: (options: ServerTlsOptions) => Made | Promise<Made>): Serve {
  return async (secureSocket) => {
    const made = await make(toWatchedOptions(secureSocket, 'secureSocket'))
    const { server } = made
    if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening')
    const watcher = watchCertificates(server as Server & CertificateTarget, secureSocket, {
      log: silent,
      fetch,
    })
    return {
      port: (server.address() as AddressInfo).port,
      check: () => watcher.check(),
      async close() {
        watcher.close()
        if ('closeAllConnections' in server) (server as { closeAllConnections(): void }).closeAllConnections()
        if (made.close === undefined) server.close()
        else await made.close()
      },
    }
  }
}
