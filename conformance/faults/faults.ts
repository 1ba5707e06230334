import { gzipSync } from 'node:zlib'
import type { ServerResponse } from 'node:http'
import type { Fault, GoodAnswer } from './identity-provider.ts'

/** The good answer with another status, type, headers or body. */
function otherwise(
  change: Partial<GoodAnswer> & { readonly status?: number; readonly headers?: Record<string, string> },
): Fault {
  return {
    respond(response, good) {
      const { status = 200, headers, type, body } = { ...good, ...change }
      response.writeHead(status, { 'content-type': type, ...headers })
      response.end(body)
    },
  }
}

function answering(code: number, headers: Record<string, string> = {}): Fault {
  return otherwise({ status: code, headers, type: 'application/json', body: '{}' })
}

function refusal(code: number, error: string): Fault {
  return otherwise({ status: code, type: 'application/json', body: JSON.stringify({ error }) })
}

function saying(text: string): Fault {
  return otherwise({ body: text })
}

/** What goes wrong below HTTP. */
function wire(respond: (response: ServerResponse, good: GoodAnswer) => void): Fault {
  return { respond }
}

function endless(respond: (response: ServerResponse, good: GoodAnswer) => void): Fault {
  return { respond, isEndless: true }
}

/** Larger than any answer that is read: key sets may have 512 KiB. */
const hugeBytes = 600_000

function padded(good: GoodAnswer): string {
  return good.body.padEnd(hugeBytes, ' ')
}

/** What an identity provider may do wrong, by name. */
export const faults: Readonly<Record<string, Fault>> = {
  'never answers': endless(() => {}),
  'stops in the middle of the body': endless((response, { type, body: text }) => {
    response.writeHead(200, { 'content-type': type, 'content-length': text.length })
    response.write(text.slice(0, 10))
  }),
  'sends its body byte by byte, forever': endless((response, { type }) => {
    response.writeHead(200, { 'content-type': type })
    const timer = setInterval(() => response.write(' '), 5)
    response.on('close', () => clearInterval(timer))
  }),

  'closes the connection without an answer': wire((response) => response.destroy()),
  'resets the connection': wire((response) => response.socket?.resetAndDestroy()),
  'closes the connection after the headers': wire((response, { type }) => {
    response.writeHead(200, { 'content-type': type })
    response.flushHeaders()
    response.socket?.end()
  }),
  'truncates its body': wire((response, { type, body: text }) => {
    response.writeHead(200, { 'content-type': type, 'content-length': text.length })
    response.write(text.slice(0, -1), () => response.destroy())
  }),
  'truncates its chunked body': wire((response, { type, body: text }) => {
    response.writeHead(200, { 'content-type': type })
    response.write(text.slice(0, -1), () => response.destroy())
  }),
  'speaks no HTTP': wire((response) => response.socket?.end('SSH-2.0-OpenSSH_9.2\r\n')),
  'sends headers without an end': wire((response) => {
    response.socket?.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(200_000)}`)
  }),
  'closes the connection after each good answer': otherwise({ headers: { connection: 'close' } }),

  'answers 400 in HTML': otherwise({ status: 400, type: 'text/html', body: '<html></html>' }),
  'answers 401 invalid_client': refusal(401, 'invalid_client'),
  'answers 400 unauthorized_client': refusal(400, 'unauthorized_client'),
  'answers 403': answering(403),
  'answers 404': answering(404),
  'answers 500': answering(500),
  'answers 500 with an error code': refusal(500, 'invalid_client'),
  'answers 502 in HTML': otherwise({ status: 502, type: 'text/html', body: '<html></html>' }),
  'answers 503, Retry-After 7 seconds': answering(503, { 'retry-after': '7' }),
  'answers 503, Retry-After an hour': answering(503, { 'retry-after': '3600' }),
  'answers 429, Retry-After 7 seconds': answering(429, { 'retry-after': '7' }),
  'answers 204': wire((response) => response.writeHead(204).end()),
  'answers 206': otherwise({ status: 206 }),

  'redirects to itself': answering(302, { location: '/token' }),
  'redirects to another host': answering(307, { location: 'https://idp.example/token' }),
  'redirects without a location': answering(302),

  'answers in HTML': otherwise({ type: 'text/html', body: '<html></html>' }),
  'calls its answer HTML': otherwise({ type: 'text/html' }),
  'answers nothing': saying(''),
  'answers broken JSON': saying('{"active":'),
  'answers a list': saying('[]'),
  'answers null': saying('null'),
  'answers bytes that are no UTF-8': wire((response, { type }) => {
    response.writeHead(200, { 'content-type': type })
    response.end(Buffer.from([0x7b, 0xff, 0x7d]))
  }),
  'answers a member twice': saying(
    '{"active":false,"active":true,"access_token":"a","access_token":"b","keys":[],"keys":[],"issuer":1,"issuer":2}',
  ),
  'answers with the wrong types': saying(
    '{"active":"true","access_token":7,"keys":{"one":{}},"issuer":[],"introspection_endpoint":7}',
  ),
  'answers with members of the wrong types': saying(
    '{"active":true,"exp":"soon","access_token":"a b","token_type":"mac","keys":[1,null],"issuer":null}',
  ),
  'answers with an empty object': saying('{}'),
  'nests its answer beyond reason': saying('{"a":'.repeat(20_000)),

  'answers 600 kB': wire((response, good) => {
    const text = padded(good)
    response.writeHead(200, { 'content-type': good.type, 'content-length': text.length })
    response.end(text)
  }),
  'answers what unpacks to 600 kB': wire((response, good) => {
    response.writeHead(200, { 'content-type': good.type, 'content-encoding': 'gzip' })
    response.end(gzipSync(padded(good)))
  }),
  'answers without an end': wire((response, { type }) => {
    response.writeHead(200, { 'content-type': type })
    const pour = (): void => {
      while (!response.destroyed && response.write(' '.repeat(65_536)));
      if (!response.destroyed) response.once('drain', pour)
    }
    pour()
  }),
  'says that its answer is packed, and it is not': otherwise({ headers: { 'content-encoding': 'gzip' } }),

  'swaps its keys mid-flight': { disturb: (provider) => provider.swapKeys() },
  'has a clock five minutes ahead': { disturb: (provider) => void (provider.skewMs = 300_000) },
  'has a clock five minutes behind': { disturb: (provider) => void (provider.skewMs = -300_000) },
  'has a clock eight seconds ahead': { disturb: (provider) => void (provider.skewMs = 8000) },
}
