/** What the table asks of both sides, and looks at on the wire. */
import assert from 'node:assert/strict'
import { subscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createSecureServer } from 'node:http2'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { after } from 'node:test'
import type { TestContext } from 'node:test'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import type { ClientSecureSocket, DecisionEvent, ListenerSecureSocket, Services } from 'barre/core'
import { toServerOptions } from 'barre/tls'
import type { Calling, Serve, Serving, Wire } from './kit.ts'
import { ca, key, old } from './rows.ts'

/** Whom the listeners saw since the last call began. */
const seen: string[] = []
subscribe('barre:decision', (message) => {
  const { decision } = message as DecisionEvent
  seen.push(decision.ok ? (decision.principal?.username ?? 'nobody') : decision.denial.code)
})

/** Who was seen, or that nobody was. */
export async function ask(calling: Calling): Promise<string> {
  seen.length = 0
  const isAnswered = await calling.call().then(
    () => true,
    () => false,
  )
  return seen.at(-1) ?? (isAnswered ? 'nobody' : 'refused')
}

const servings = new Map<Serve, Map<string, Promise<Serving>>>()
after(async () => {
  for (const some of servings.values()) for (const serving of some.values()) await (await serving).close()
})

/** A listener that is kept for the next row that wants the same. */
export function serve(by: Serve, secureSocket: ListenerSecureSocket): Promise<Serving> {
  const some = servings.get(by) ?? new Map<string, Promise<Serving>>()
  servings.set(by, some)
  const name = JSON.stringify(secureSocket)
  const serving = some.get(name) ?? by(secureSocket)
  some.set(name, serving)
  return serving
}

export function open(
  wire: Wire,
  port: number,
  secureSocket: ClientSecureSocket,
  context: TestContext,
  services: Partial<Services> = {},
): Calling {
  const calling = wire.open(port, secureSocket, services)
  context.after(() => calling.close())
  return calling
}

export async function shakeHands(
  port: number,
  options: ConnectionOptions = {},
  onResponse: (stapled: Buffer | null) => void = () => undefined,
): Promise<TLSSocket> {
  const about = {
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    ca: ca.ca.cert,
    ALPNProtocols: ['h2', 'http/1.1'],
  }
  // In TLS 1.2 the ticket is a part of the handshake.
  const socket = connectTls({ ...about, maxVersion: 'TLSv1.2', ...options })
  socket.once('OCSPResponse', onResponse)
  await once(socket, 'secureConnect')
  return socket
}

export async function sessionOf(port: number): Promise<Buffer> {
  const socket = await shakeHands(port)
  const session = socket.getSession()
  socket.destroy()
  return session ?? assert.fail('there is no session')
}

/** The ticket's lifetime (RFC 5077 §3.3), below 128 seconds, as OpenSSL writes it into a session: element 9. */
export function lifetimeOf(session: Buffer): number | undefined {
  const at = session.indexOf(Buffer.from([0xa9, 3, 2, 1]))
  return at === -1 ? undefined : session[at + 4]
}

/** The name of the certificate that a listener shows. */
export async function shownBy(port: number): Promise<string> {
  const socket = await shakeHands(port)
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return String(subject.CN)
}

/** Whether a listener staples a response of its responder. */
export async function isStapled(port: number): Promise<boolean> {
  let response: Buffer | null = null
  const socket = await shakeHands(port, { requestOCSP: true }, (stapled) => (response = stapled))
  socket.destroy()
  return response !== null
}

/** Whether a client resumes the session of its first connection in another one. */
export async function isResumed(
  wire: Wire,
  client: ClientSecureSocket,
  context: TestContext,
): Promise<boolean> {
  const resumed: boolean[] = []
  const sockets: Socket[] = []
  const options = toServerOptions({ key, ...old }, 'secureSocket')
  const server = createSecureServer({ ...options, allowHTTP1: true }, (_request, response) => {
    response.statusCode = 500
    response.end()
  })
  server.on('secureConnection', (socket: TLSSocket) => {
    resumed.push(socket.isSessionReused())
    sockets.push(socket.on('error', () => undefined))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  context.after(() => void server.close())
  const calling = open(wire, (server.address() as AddressInfo).port, client, context)
  for (let connections = 1; connections <= 2; connections++) {
    while (resumed.length < connections) await ask(calling)
    await dropAll(sockets)
    // What forgets a session after a millisecond has done so.
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return resumed.slice(1).some(Boolean)
}

/** A way to a listener on which the connections that are open can be dropped. */
export async function relay(
  { port }: Serving,
  context: TestContext,
): Promise<{ readonly port: number; readonly drop: () => Promise<void> }> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    const onward = connect(port, '127.0.0.1')
    sockets.push(...[socket, onward].map((one) => one.on('error', () => undefined)))
    socket.pipe(onward).pipe(socket)
    socket.on('close', () => onward.destroy())
    onward.on('close', () => socket.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  context.after(async () => {
    server.close()
    await dropAll(sockets)
  })
  return { port: (server.address() as AddressInfo).port, drop: () => dropAll(sockets) }
}

async function dropAll(sockets: readonly Socket[]): Promise<void> {
  const left = sockets.filter(({ closed }) => !closed)
  await Promise.all(left.map((socket) => once(socket.destroy(), 'close')))
}
