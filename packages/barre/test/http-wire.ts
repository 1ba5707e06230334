import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import type { OutgoingHttpHeaders } from 'node:http2'
import { connect } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { ok, readAuthorization, refuse, toPrincipal } from '../src/core/index.ts'
import type { Authenticated, Provider, Result } from '../src/core/index.ts'

/** A provider of Bearer tokens that are what they say; with `slow-` before it, a token is answered later. */
export function namedTokens(): Provider<string> & { readonly calls: string[] } {
  return {
    calls: [],
    schemes: ['Bearer'],
    read: (call) => readAuthorization(call, 'Bearer'),
    verify(token, call) {
      this.calls.push(`${call.method} ${call.target}`)
      if (!token.startsWith('slow-')) return judge(token)
      return new Promise((resolve) => setImmediate(resolve, judge(token.slice(5))))
    },
    challenges({ code, scopes }) {
      if (code === 'missing') return ['Bearer realm="test"']
      const wants = scopes ? `, scope="${scopes.join(' ')}"` : ''
      return [`Bearer realm="test", error="${code}"${wants}`]
    },
  }
}

function judge(token: string): Result<Authenticated> {
  const known = { reader: ['read'], writer: ['write'] }[token]
  if (known !== undefined) {
    const principal = toPrincipal({ id: token, username: token, scopes: known, scheme: 'Bearer' })
    return ok({ principal, reply: [['x-proof', 'seen']] })
  }
  if (token === 'expired') return refuse('expired', 'secret detail')
  if (token === 'weak') return refuse('insufficient_authentication', 'secret detail')
  if (token === 'throttled') return refuse('throttled', 'secret detail', { retryAfterSeconds: 6.5 })
  if (token === 'down') return refuse('unavailable', 'secret detail', { retryAfterSeconds: 3 })
  return refuse('invalid', 'secret detail')
}

/** Listens on a free loopback port and closes with the test. */
export async function start(
  server: Server,
  context: { after(close: () => Promise<void>): void },
): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(async () => {
    ;(server as { closeAllConnections?: () => void }).closeAllConnections?.()
    if (server.listening) server.close()
  })
  return portOf(server)
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

/** Sends bytes as they are and answers with all that came back until `enough` or the end of the connection. */
export async function exchange(
  port: number,
  text: string,
  enough: (received: string) => boolean = () => false,
): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.setEncoding('latin1')
  let received = ''
  socket.write(text, 'latin1')
  // A reset is an end like another: what came before it counts.
  socket.on('error', () => undefined)
  const closed = new Promise((resolve) => socket.on('close', resolve))
  socket.on('data', (chunk: string) => {
    received += chunk
    if (enough(received)) socket.destroy()
  })
  await closed
  return received
}

/** One request that asks for the connection's end. */
export function plainRequest(line: string, ...headers: readonly string[]): string {
  return `${[`${line} HTTP/1.1`, 'Host: test', 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`
}

export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1])
}

export function bodyOf(answer: string): string {
  return answer.slice(answer.indexOf('\r\n\r\n') + 4)
}

/** The status of one request over HTTP/2 in clear text. */
export async function statusOverHttp2(port: number, headers: OutgoingHttpHeaders): Promise<unknown> {
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  try {
    const [answer] = (await once(session.request(headers), 'response')) as [Record<string, unknown>]
    return answer[':status']
  } finally {
    session.destroy()
  }
}
