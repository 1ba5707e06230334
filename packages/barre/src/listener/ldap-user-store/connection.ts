import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type * as Ldap from 'ldapts'

/** One directory server, as `connectionUrl` names it. */
export interface LdapServer {
  readonly url: string
  readonly host: string
  readonly security: 'ldaps' | 'startTls' | 'none'
}

export interface ConnectionSettings {
  readonly ldap: typeof Ldap
  readonly tls: () => ConnectionOptions
  readonly connectTimeoutMs: number
  readonly readTimeoutMs: number
}

/** The most that a directory may answer to one request, in bytes. */
export const answerMaxBytes = 1_048_576

/** How long a connection may lie idle, in milliseconds: firewalls forget idle connections without a word. */
const idleMaxMs = 60_000

/** Nothing can be asked over this connection, or of this server; another one may do. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

/** One connection to a directory; it is used by one request at a time and never connects again. */
export interface Connection {
  isOpen(): boolean
  /** Asks the directory. Rejects with ConnectionLost, or with the directory's own ResultCodeError. */
  run<T>(ask: (client: Ldap.Client) => Promise<T>): Promise<T>
  /** While it is idle it keeps no process alive, and ends after `idleMaxMs`. */
  rest(): void
  close(): void
}

/** Result codes of a server that cannot answer now (RFC 4511 appendix A: busy, unavailable). */
const unableCodes: ReadonlySet<number> = new Set([51, 52])

/** Connects, encrypted where the server's URL or `startTls` says so. Rejects with ConnectionLost. */
export async function openConnection(server: LdapServer, settings: ConnectionSettings): Promise<Connection> {
  const wire = createWire(server)
  const client = new settings.ldap.Client({
    url: server.url,
    timeout: settings.readTimeoutMs,
    connectTimeout: settings.connectTimeoutMs,
    ...(server.security === 'ldaps' && { tlsOptions: settings.tls() }),
    createConnection: ((port: number, host: string) =>
      wire.begin(() => connectTcp(port, host))) as typeof connectTcp,
    createSecureConnection: (server.security === 'ldaps'
      ? (port: number, host: string, options: ConnectionOptions) =>
          wire.begin(() => connectTls(port, host, options))
      : (options: ConnectionOptions) => wire.upgrade(connectTls(options))) as typeof connectTls,
  })
  const connection: Connection = {
    isOpen: wire.isOpen,
    run: (ask) => wire.during(() => ask(client)),
    rest: wire.rest,
    close: wire.close,
  }
  if (server.security !== 'startTls') return connection
  const timer = setTimeout(wire.close, settings.connectTimeoutMs)
  try {
    await connection.run(() => client.startTLS({ ...settings.tls(), host: server.host }))
    return connection
  } catch (cause) {
    wire.close()
    throw cause instanceof ConnectionLost ? cause : new ConnectionLost(reasonOf(cause), { cause })
  } finally {
    clearTimeout(timer)
  }
}

/** The sockets below one client. */
function createWire(server: LdapServer) {
  let socket: Socket | undefined
  let isClosed = false
  let answered = 0
  let lose: ((error: ConnectionLost) => void) | undefined
  const close = (): void => {
    isClosed = true
    socket?.destroy()
    lose?.(new ConnectionLost(`${server.url} closed the connection`))
  }
  const watch = <S extends Socket>(made: S): S => {
    socket = made
    made.once('close', close).on('timeout', close)
    return made
  }
  const measure = <S extends Socket>(made: S): S => {
    made.on('data', (chunk: Buffer) => {
      answered += chunk.length
      if (answered > answerMaxBytes) close()
    })
    return made
  }
  return {
    isOpen: () => !isClosed,
    /** The library would connect again by itself, and then without TLS and without our bind. */
    begin<S extends Socket>(make: () => S): S {
      if (socket !== undefined || isClosed) throw new ConnectionLost(`${server.url} closed the connection`)
      const made = watch(make())
      return server.security === 'startTls' ? made : measure(made)
    },
    upgrade: <S extends Socket>(made: S): S => measure(watch(made)),
    async during<T>(work: () => Promise<T>): Promise<T> {
      if (isClosed) throw new ConnectionLost(`${server.url} closed the connection`)
      answered = 0
      socket?.setTimeout(0).ref()
      try {
        return await new Promise<T>((resolve, reject) => {
          lose = reject
          work().then(resolve, reject)
        })
      } catch (cause) {
        if (isResultCode(cause) && !unableCodes.has(cause.code)) throw cause
        close()
        throw new ConnectionLost(`${server.url}: ${reasonOf(cause)}`, { cause })
      } finally {
        lose = undefined
      }
    },
    rest: () => void socket?.setTimeout(idleMaxMs).unref(),
    close,
  }
}

/** Whether the directory itself answered no, and with which code. */
export function isResultCode(error: unknown): error is Error & { readonly code: number } {
  return error instanceof Error && typeof (error as { code?: unknown }).code === 'number'
}

/** For the log: what the system or the directory said, which holds no password. */
function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'unknown error'
}
