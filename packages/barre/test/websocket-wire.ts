import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mock } from 'node:test'
import type { TestContext } from 'node:test'
import { WebSocket } from 'ws'
import type { ClientOptions, RawData } from 'ws'
import { compileAuth, createServices } from '../src/auth/index.ts'
import type { AuthConfig, ResourceAuth } from '../src/auth/index.ts'
import { createRevocations } from '../src/core/index.ts'
import type { Decision, DecisionEvent, Revocations } from '../src/core/index.ts'
import { protect } from '../src/transports/websocket/index.ts'
import type { ProtectedSockets, SocketHandler, WebSocketOptions } from '../src/transports/websocket/index.ts'
import { startMs, timedTokens } from './timed-tokens.ts'

export type SocketOptions = WebSocketOptions<ResourceAuth> & { readonly auth?: AuthConfig }

export interface SocketService {
  readonly live: ProtectedSockets
  readonly server: Server
  readonly port: number
  readonly url: string
  readonly provider: ReturnType<typeof timedTokens>
  readonly revocations: Revocations
  /** Moves the service's clock and its timers on. */
  readonly tick: (ms: number) => void
  /** Sets the clock forward, and leaves the timers behind. */
  readonly leap: (ms: number) => void
}

/** By default each message is answered with the name of its sender. */
export const echo: SocketHandler = (socket, context) => {
  socket.on('message', (data) => socket.send(`${context.principal?.username ?? 'nobody'}: ${textOf(data)}`))
}

/** A guarded server in the test's own time. */
export async function serveSockets(
  context: TestContext,
  options: Partial<SocketOptions> = {},
  handler: SocketHandler = echo,
  server: Server = createServer((_request, response) => response.end('http')),
): Promise<SocketService> {
  mock.timers.enable({ apis: ['setTimeout'] })
  let nowMs = startMs
  const provider = timedTokens()
  const revocations = createRevocations()
  const services = createServices({ now: () => nowMs, revocations })
  const { auth = [{ provider }], ...others } = options
  const live = protect(
    compileAuth(auth, services),
    { resources: { '/live': true }, ...others },
    services,
    handler,
  )
  live.attach(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  context.after(async () => {
    await live.close()
    const sockets = [...clients, ...live.server.clients].filter(
      ({ readyState }) => readyState !== WebSocket.CLOSED,
    )
    const ends = sockets.map((socket) => once(socket, 'close'))
    for (const socket of sockets) socket.terminate()
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await Promise.all([closed, ...ends])
    clients.clear()
    // Not before: a mocked timer that is cleared later would take one of the next test with it.
    mock.timers.reset()
  })
  return {
    live,
    server,
    port,
    provider,
    revocations,
    url: `ws://127.0.0.1:${port}/live`,
    leap(ms) {
      nowMs += ms
    },
    tick(ms) {
      nowMs += ms
      mock.timers.tick(ms)
    },
  }
}

/** What came of asking for a connection. */
export type Asked =
  | WebSocket
  | { readonly status: number; readonly headers: IncomingMessage['headers']; readonly body: string }

export function isOpen(asked: Asked): asked is WebSocket {
  return asked instanceof WebSocket
}

const clients = new Set<WebSocket>()

/** Has a client's connection closed before the test ends. */
export function track(socket: WebSocket): WebSocket {
  clients.add(socket)
  return socket
}

/** Asks for a connection with this token, and whatever else. */
export async function ask(
  url: string,
  token?: string,
  options: ClientOptions & { readonly protocols?: string[] } = {},
): Promise<Asked> {
  const headers = { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...options.headers }
  const socket = new WebSocket(url, options.protocols ?? [], { ...options, headers })
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(track(socket)))
    socket.once('unexpected-response', (_request, response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    socket.on('error', reject)
  })
}

/** The same, where nothing but a connection will do. */
export async function open(...args: Parameters<typeof ask>): Promise<WebSocket> {
  const asked = await ask(...args)
  if (isOpen(asked)) return asked
  throw new Error(`expected a connection, got ${asked.status}: ${asked.body}`)
}

/** A message as text. */
export function textOf(data: RawData): string {
  return (data as Buffer).toString()
}

/** The next message. */
export async function next(socket: WebSocket): Promise<string> {
  const [data] = (await once(socket, 'message')) as [Buffer]
  return data.toString()
}

export async function say(socket: WebSocket, text: string): Promise<string> {
  const answer = next(socket)
  socket.send(text)
  return answer
}

/** How the connection ends: its code and reason. */
export async function ended(socket: WebSocket): Promise<string> {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
  return `${code} ${reason.toString()}`
}

/** The decision that a message of the decisions' channel holds. */
export function decisionOf(message: unknown): Decision {
  return (message as DecisionEvent).decision
}
