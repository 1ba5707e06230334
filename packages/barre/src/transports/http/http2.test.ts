import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createSecureServer, createServer } from 'node:http2'
import type { ClientHttp2Session, Http2Server, ServerOptions } from 'node:http2'
import { readFile } from 'node:fs/promises'
import { request as requestTls } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { ok, toPrincipal } from '../../core/index.ts'
import type { Call } from '../../core/index.ts'
import { createTestCa } from '../../../../../tools/test-ca.ts'
import { protect, resources } from '../../../test/guarded-server.ts'
import { namedTokens, portOf, start } from '../../../test/http-wire.ts'
import { drainMaxBytes } from './refusal.ts'

const guarded = (provider = namedTokens()) =>
  protect({ auth: [{ provider }], resources }, (_request, response, { principal }) =>
    response.end(principal?.username),
  )

type Headers = Record<string, string | number | string[] | undefined>

async function open(context: TestContext, listener = guarded(), options: ServerOptions = {}) {
  const server = createServer(options, listener)
  const port = await start(server, context)
  // The types do not know the option that lets a header be sent twice.
  const lenient = { strictSingleValueFields: false } as object
  const session = connect(`http://127.0.0.1:${port}`, lenient)
  context.after(() => session.destroy())
  return { server, session }
}

/** The status and the body of one request. */
async function ask(session: ClientHttp2Session, headers: Headers | readonly string[]): Promise<string> {
  const stream = session.request(headers, { endStream: true })
  const [answer] = (await once(stream, 'response')) as [Headers]
  stream.setEncoding('utf8')
  const chunks: string[] = await stream.toArray()
  return `${String(answer[':status'])} ${chunks.join('')}`.trim()
}

const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` })

test('a stream is matched by its pseudo-headers, and guarded by itself', async (context) => {
  const { session } = await open(context)
  assert.equal(await ask(session, { ':path': '/order/1' }), '200')
  assert.equal(await ask(session, { ':path': '/maybe', ...bearer('forged') }), '401 {"error":"unauthorized"}')
  const put = { ':method': 'PUT', ':path': '/order/1?q' }
  assert.equal(await ask(session, { ...put, ...bearer('slow-writer') }), '200 writer')
  assert.match(await ask(session, { ...put, ...bearer('reader') }), /^403/)
  assert.match(await ask(session, { ':method': 'PATCH', ':path': '/order/1' }), /^405/)
  assert.match(await ask(session, { ':path': '/other' }), /^404/)
})

for (const path of ['/order/../order/1', '/order//1', '/order%2f1']) {
  test(`the path ${path} is malformed`, async (context) => {
    const { session } = await open(context)
    assert.match(await ask(session, { ':path': path }), /^400/)
  })
}

test('two Authorization headers are malformed', async (context) => {
  const { session } = await open(context)
  const twice = ['authorization', 'Bearer writer', 'authorization', 'Bearer writer']
  const head = [':method', 'GET', ':path', '/maybe', ':scheme', 'http', ':authority', 'test']
  assert.match(await ask(session, [...head, ...twice]), /^400/)
})

test('a provider sees method, path and authority as over HTTP/1.1', async (context) => {
  const seen: unknown[] = []
  const provider = {
    ...namedTokens(),
    read: (call: Call) => {
      seen.push(call.method, call.target, call.metadata('host'), call.metadata('x-own'), call.peer.encrypted)
      return ok('')
    },
    verify: () => ok({ principal: toPrincipal({ id: 'a', username: 'a', scheme: 'Bearer' }) }),
  }
  const { session } = await open(context, guarded(provider))
  await ask(session, { ':path': '/maybe?q', ':authority': 'orders.example', 'x-own': 'one' })
  assert.deepEqual(seen, ['GET', '/maybe', ['orders.example'], ['one'], false])
})

for (const [name, extra] of [
  ['CONNECT', {}],
  ['extended CONNECT', { ':protocol': 'websocket', ':scheme': 'http', ':path': '/maybe' }],
] as const) {
  test(`a ${name} is 405 whoever listens, and harms nobody`, async (context) => {
    const { server, session } = await open(context, guarded(), { settings: { enableConnectProtocol: true } })
    let reached = 0
    server.on('connect', () => reached++)
    await once(session, 'remoteSettings')
    const headers = { ':method': 'CONNECT', ':authority': 'a.example:443', ...extra, ...bearer('writer') }
    assert.equal(await ask(session, headers), '405')
    assert.equal(await ask(session, { ':path': '/order/1' }), '200')
    assert.equal(reached, 0)
  })
}

test('a body is asked for only after the verdict', async (context) => {
  const { session } = await open(context)
  for (const [token, expected] of [
    ['forged', 401],
    ['writer', 200],
  ] as const) {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/order',
      expect: '100-continue',
      ...bearer(token),
    })
    let isContinued = false
    stream.on('continue', () => {
      isContinued = true
      stream.end('body')
    })
    const [answer] = (await once(stream, 'response')) as [Headers]
    assert.deepEqual([answer[':status'], isContinued], [expected, expected === 200])
    stream.close()
  }
})

test('a refused body beyond the limit ends its stream and no other one', async (context) => {
  const { session } = await open(context)
  const stream = session.request({ ':method': 'POST', ':path': '/order' })
  stream.on('error', () => undefined)
  const closed = new Promise((resolve) => stream.on('close', resolve))
  stream.resume()
  stream.write(Buffer.alloc(drainMaxBytes + 1))
  await closed
  assert.equal(stream.rstCode, 0xb)
  assert.equal(await ask(session, { ':path': '/order/1' }), '200')
})

test('one server guards HTTP/1.1 and HTTP/2 over TLS', async (context) => {
  const ca = await createTestCa()
  context.after(() => ca.remove())
  const [cert, key, authority] = await Promise.all(
    [ca.server.certFile, ca.server.keyFile, ca.caFile].map((file) => readFile(file)),
  )
  const server = createSecureServer({ cert: cert!, key: key!, allowHTTP1: true }, guarded())
  const port = await start(server, context)
  const session = connect(`https://127.0.0.1:${port}`, { ca: authority! })
  context.after(() => session.destroy())
  assert.match(await ask(session, { ':path': '/order/mine' }), /^401/)
  assert.equal(await ask(session, { ':path': '/order/mine', ...bearer('reader') }), '200 reader')
  for (const [headers, status] of [
    [{}, 401],
    [{ authorization: 'Bearer reader' }, 200],
  ] as const) {
    const asked = requestTls({
      host: '127.0.0.1',
      port,
      path: '/order/mine',
      ca: authority,
      agent: false,
      headers,
    })
    const [response] = (await once(asked.end(), 'response')) as [IncomingMessage]
    assert.equal(response.statusCode, status)
    response.resume()
  }
})

test('in clear text off loopback it does not start', async () => {
  const server: Http2Server = createServer(guarded())
  server.listen(0, '0.0.0.0')
  const [error] = (await once(server, 'error')) as [Error]
  assert.match(error.message, /^auth: the listener at 0\.0\.0\.0/)
  assert.equal(server.listening, false)
  assert.throws(() => portOf(server))
})
