import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createGuarded, protect, resources } from '../../../test/guarded-server.ts'
import type { ProtectOptions } from '../../../test/guarded-server.ts'
import {
  bodyOf,
  exchange,
  namedTokens,
  plainRequest,
  start,
  statusOf,
  statusOverHttp2,
} from '../../../test/http-wire.ts'
import { drainMaxBytes } from './refusal.ts'

async function ask(
  context: TestContext,
  options?: Partial<ProtectOptions>,
): Promise<(path: string, init?: RequestInit & { token?: string }) => Promise<Response>> {
  const port = await start(createGuarded(options).server, context)
  return async (path, { token, ...init } = {}) =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      ...init,
      headers: { ...(token && { authorization: token }), ...(init.headers as Record<string, string>) },
    })
}

interface Outcome {
  readonly status: number
  readonly challenge?: string | null
  readonly retryAfter?: string
  readonly body: object
}

const unauthorized = { error: 'unauthorized' }
const outcomes: readonly (readonly [name: string, token: string | undefined, outcome: Outcome])[] = [
  ['no credential', undefined, { status: 401, challenge: 'Bearer realm="test"', body: unauthorized }],
  [
    'an invalid token',
    'Bearer forged',
    { status: 401, challenge: 'Bearer realm="test", error="invalid"', body: unauthorized },
  ],
  [
    'an expired token',
    'Bearer expired',
    { status: 401, challenge: 'Bearer realm="test", error="expired"', body: unauthorized },
  ],
  [
    'a weak login',
    'Bearer weak',
    {
      status: 401,
      challenge: 'Bearer realm="test", error="insufficient_authentication"',
      body: { error: 'insufficient_user_authentication' },
    },
  ],
  [
    'another scheme',
    'Basic eDp5',
    { status: 401, challenge: 'Bearer realm="test", error="invalid"', body: unauthorized },
  ],
  [
    'a broken token68',
    'Bearer a b',
    { status: 400, challenge: 'Bearer realm="test", error="malformed"', body: { error: 'invalid_request' } },
  ],
  [
    'a missing scope',
    'Bearer reader',
    {
      status: 403,
      challenge: 'Bearer realm="test", error="insufficient_scope", scope="write"',
      body: { error: 'insufficient_scope', scope: 'write' },
    },
  ],
  [
    'a throttled caller',
    'Bearer throttled',
    { status: 429, challenge: null, retryAfter: '7', body: { error: 'too_many_requests' } },
  ],
  [
    'an unavailable provider',
    'Bearer down',
    { status: 503, challenge: null, retryAfter: '3', body: { error: 'temporarily_unavailable' } },
  ],
]

for (const [name, token, outcome] of outcomes) {
  for (const when of ['at once', 'later']) {
    if (when === 'later' && token?.startsWith('Bearer ') !== true) continue
    test(`${name} answers ${outcome.status}, ${when}`, async (context) => {
      const call = await ask(context)
      const sent = when === 'later' ? token?.replace('Bearer ', 'Bearer slow-') : token
      const response = await call('/order/1', { method: 'PUT', body: 'x', ...(sent && { token: sent }) })
      const text = await response.text()
      assert.equal(response.status, outcome.status)
      assert.deepEqual(JSON.parse(text), outcome.body)
      if (outcome.challenge !== undefined) {
        assert.equal(response.headers.get('www-authenticate'), outcome.challenge)
      }
      assert.equal(response.headers.get('retry-after'), outcome.retryAfter ?? null)
      assert.equal(response.headers.get('cache-control'), 'no-store')
      assert.equal(response.headers.get('content-type'), 'application/json')
      assert.ok(!text.includes('detail'))
    })
  }
}

const welcome: readonly (readonly [
  name: string,
  method: string,
  path: string,
  token: string | undefined,
  seen: object,
])[] = [
  ['an open resource', 'GET', '/order/7', undefined, { route: 'GET /order/:id', params: { id: '7' } }],
  [
    'the service entries where a row says true',
    'GET',
    '/order/mine',
    'Bearer reader',
    { route: 'GET /order/mine', params: {}, username: 'reader' },
  ],
  [
    'a token with the scope',
    'PUT',
    '/order/a%20b%25',
    'Bearer writer',
    { route: 'PUT /order/:id', params: { id: 'a b%' }, username: 'writer' },
  ],
  [
    'a scheme name in any case',
    'PUT',
    '/order/1',
    'bEARER writer',
    { route: 'PUT /order/:id', params: { id: '1' }, username: 'writer' },
  ],
  [
    'a slow provider',
    'PUT',
    '/order/1',
    'Bearer slow-writer',
    { route: 'PUT /order/:id', params: { id: '1' }, username: 'writer' },
  ],
  ['nobody where auth is optional', 'GET', '/maybe', undefined, { route: 'GET /maybe', params: {} }],
]

for (const [name, method, path, token, seen] of welcome) {
  test(`lets in ${name}`, async (context) => {
    const call = await ask(context)
    const response = await call(path, { method, ...(token && { token }) })
    assert.equal(response.status, 200)
    assert.deepEqual(await response.json(), { ...seen, bytes: 0 })
  })
}

test('reply metadata of a success is on the answer', async (context) => {
  const call = await ask(context)
  const response = await call('/order/mine', { token: 'Bearer reader' })
  assert.equal(response.headers.get('x-proof'), 'seen')
})

test('a path in no row answers 404, and 405 with Allow where other methods have a row', async (context) => {
  const call = await ask(context)
  assert.equal((await call('/unknown')).status, 404)
  assert.equal((await call('/order/')).status, 404)
  const response = await call('/order/1', { method: 'PATCH' })
  assert.equal(response.status, 405)
  assert.equal(response.headers.get('allow'), 'GET, HEAD, PUT, DELETE')
})

test("a row '* *' takes what nothing else matches", async (context) => {
  const call = await ask(context, { resources: { ...resources, '* *': { scopes: 'write' } } })
  assert.equal((await call('/unknown')).status, 401)
  assert.equal((await call('/unknown', { token: 'Bearer writer' })).status, 200)
  assert.equal((await call('/order/1')).status, 200)
})

test('GET covers HEAD, refused and admitted alike', async (context) => {
  const call = await ask(context)
  const refused = await call('/order/mine', { method: 'HEAD' })
  assert.equal(refused.status, 401)
  assert.equal(refused.headers.get('www-authenticate'), 'Bearer realm="test"')
  assert.equal((await call('/order/mine', { method: 'HEAD', token: 'Bearer reader' })).status, 200)
})

test('two Authorization headers are malformed, although Node shows one', async (context) => {
  const port = await start(createGuarded().server, context)
  const headers = ['Authorization: Bearer writer', 'authorization: Bearer writer', 'Content-Length: 0']
  const answer = await exchange(port, plainRequest('PUT /order/1', ...headers))
  assert.equal(statusOf(answer), 400)
})

test('a refusal is sent before the body, and the connection serves the next request', async (context) => {
  const port = await start(createGuarded().server, context)
  const body = 'x'.repeat(1000)
  const first = `PUT /order/1 HTTP/1.1\r\nHost: test\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  const second = plainRequest('GET /order/2')
  const answer = await exchange(port, first + second)
  assert.match(answer, /^HTTP\/1\.1 401 [^]*HTTP\/1\.1 200 [^]*"id":"2"/)
})

test('a refused body beyond the limit ends the connection', async (context) => {
  const port = await start(createGuarded().server, context)
  const head = 'PUT /order/1 HTTP/1.1\r\nHost: test\r\n'
  const announced = await exchange(port, `${head}Content-Length: ${drainMaxBytes + 1}\r\n\r\n`)
  assert.equal(statusOf(announced), 401)
  assert.match(announced, /connection: close/i)
  const chunk = `${(65_536).toString(16)}\r\n${'x'.repeat(65_536)}\r\n`
  const unannounced = await exchange(port, `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(17)}`)
  assert.ok(unannounced === '' || statusOf(unannounced) === 401)
})

test('Expect: 100-continue is answered with the refusal, not with a call for the body', async (context) => {
  const { server } = createGuarded()
  const port = await start(server, context)
  const head =
    'POST /order HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n'
  const refused = await exchange(port, `${head}\r\n`)
  assert.equal(statusOf(refused), 401)
  const admitted = await exchange(port, `${head}Authorization: Bearer writer\r\n\r\nbody`)
  assert.match(admitted, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 [^]*"bytes":4/)
})

test('an upgrade reaches its listener only when its resource lets it in', async (context) => {
  const { server, provider } = createGuarded({ resources: { 'GET /live': { scopes: 'read' } } })
  const seen: unknown[] = []
  server.on('upgrade', (_request, socket, ...rest: unknown[]) => {
    seen.push((rest[1] as { principal: { username: string } }).principal.username)
    socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n')
  })
  const port = await start(server, context)
  const upgrade = ['Connection: Upgrade', 'Upgrade: websocket']
  const line = (path: string, ...more: string[]): string =>
    `${[`GET ${path} HTTP/1.1`, 'Host: test', ...upgrade, ...more].join('\r\n')}\r\n\r\n`
  const anonymous = await exchange(port, line('/live'))
  assert.equal(statusOf(anonymous), 401)
  assert.equal(bodyOf(anonymous), '{"error":"unauthorized"}')
  assert.equal(statusOf(await exchange(port, line('/live', 'Authorization: Bearer slow-writer'))), 403)
  assert.equal(statusOf(await exchange(port, line('/other', 'Authorization: Bearer reader'))), 404)
  assert.deepEqual(seen, [])
  assert.equal(statusOf(await exchange(port, line('/live', 'Authorization: Bearer slow-reader'))), 101)
  assert.deepEqual(seen, ['reader'])
  assert.ok(provider.calls.every((call) => call === 'UPGRADE /live'))
})

test('CONNECT reaches its listener only through a row for every path', async (context) => {
  const { server } = createGuarded({ resources: { 'GET /x': false, '* *': { scopes: 'write' } } })
  server.on('connect', (_request, socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'))
  const port = await start(server, context)
  assert.equal(statusOf(await exchange(port, plainRequest('CONNECT a.example:443'))), 401)
  const admitted = await exchange(port, plainRequest('CONNECT a.example:443', 'Authorization: Bearer writer'))
  assert.equal(statusOf(admitted), 200)
})

test('a CONNECT over HTTP/2 is 405 and harms nobody', async (context) => {
  const provider = namedTokens()
  const listener = protect({ auth: [{ provider }], resources: { '* *': true } }, () => undefined)
  const server = createHttp2Server(listener as never)
  const port = await start(server, context)
  assert.equal(await statusOverHttp2(port, { ':method': 'CONNECT', ':authority': 'a.example:443' }), 405)
  assert.equal(await statusOverHttp2(port, { ':path': '/' }), 401)
})

test('a handler that throws is as uncaught as without a guard', async (context) => {
  for (const token of ['writer', 'slow-writer']) {
    const listener = protect({ auth: [{ provider: namedTokens() }], resources }, () => {
      throw new Error('ours to see')
    })
    const port = await start(createServer(listener), context)
    const uncaught = once(process, 'uncaughtException')
    const listeners = process.listeners('uncaughtException').slice(0, -1)
    for (const one of listeners) process.removeListener('uncaughtException', one)
    void exchange(port, plainRequest('PUT /order/1', `Authorization: Bearer ${token}`))
    const [error] = (await uncaught) as [Error]
    for (const one of listeners) process.on('uncaughtException', one)
    assert.equal(error.message, 'ours to see')
  }
})

test('providers see publicOrigin and the normalised path, not Host', async (context) => {
  const { server, provider } = createGuarded({ publicOrigin: 'https://orders.example' })
  const port = await start(server, context)
  await exchange(
    port,
    plainRequest('PUT /%6frder/1?q=1', 'Authorization: Bearer writer', 'X-Forwarded-Host: evil'),
  )
  assert.deepEqual(provider.calls, ['PUT https://orders.example/order/1'])
})
