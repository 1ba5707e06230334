import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import express from 'express'
import type { Express, Request, Response } from 'express'
import { allowInsecureListener } from '../../core/index.ts'
import { compileAuth, createServices } from '../../auth/index.ts'
import type { AuthConfig, ResourceAuth } from '../../auth/index.ts'
import type { HttpOptions } from '../http/index.ts'
import { open, protect as protectWith } from './guard.ts'
import type { Allow } from './guard.ts'
import { exchange, namedTokens, plainRequest, start, statusOf } from '../../../test/http-wire.ts'

function protect({ auth, ...options }: HttpOptions & { auth: AuthConfig }): Allow<ResourceAuth> {
  return protectWith(compileAuth(auth, createServices()), options)
}

const allow = protect({ auth: [{ provider: namedTokens() }] })
const show = (request: Request, response: Response): void => {
  response.json({ username: request.principal?.username })
}

async function serve(
  app: Express,
  context: TestContext,
): Promise<(path: string, token?: string, method?: string) => Promise<Answer>> {
  const port = await start(createServer(app), context)
  return async (path, token, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      ...(token && { headers: { authorization: `Bearer ${token}` } }),
    })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

const outcomes: readonly (readonly [token: string | undefined, status: number, body: object])[] = [
  [undefined, 401, { error: 'unauthorized' }],
  ['forged', 401, { error: 'unauthorized' }],
  ['expired', 401, { error: 'unauthorized' }],
  ['reader', 403, { error: 'insufficient_scope', scope: 'write' }],
  ['a b', 400, { error: 'invalid_request' }],
  ['throttled', 429, { error: 'too_many_requests' }],
  ['down', 503, { error: 'temporarily_unavailable' }],
  ['writer', 200, { username: 'writer' }],
]

for (const [token, status, body] of outcomes) {
  for (const prefix of token === undefined ? [''] : ['', 'slow-']) {
    test(`${prefix}${token ?? 'no token'} answers ${status}`, async (context) => {
      const app = express()
      app.put('/order/:id', allow({ scopes: 'write' }), show)
      const call = await serve(app, context)
      const { headers, text, ...answer } = await call('/order/1', token && prefix + token, 'PUT')
      assert.equal(answer.status, status)
      assert.deepEqual(JSON.parse(text), body)
      if (status === 200) assert.equal(headers.get('x-proof'), 'seen')
      else assert.equal(headers.get('cache-control'), 'no-store')
      if (status === 401) assert.match(String(headers.get('www-authenticate')), /^Bearer realm="test"/)
    })
  }
}

test('open and optional let nobody in, but no bad credential where one is looked at', async (context) => {
  const app = express()
  app.get('/open', open, show)
  app.get('/maybe', allow({ optional: true }), show)
  app.get('/any', allow(), show)
  const call = await serve(app, context)
  assert.equal((await call('/open', 'forged')).status, 200)
  assert.equal((await call('/maybe')).status, 200)
  assert.equal((await call('/maybe', 'forged')).status, 401)
  assert.equal((await call('/any')).status, 401)
  assert.equal((await call('/any', 'reader')).text, '{"username":"reader"}')
  assert.equal((await call('/any', undefined, 'HEAD')).status, 401)
})

test('two Authorization headers are malformed', async (context) => {
  const app = express().get('/', allow(), show)
  const port = await start(createServer(app), context)
  const twice = ['Authorization: Bearer writer', 'Authorization: Bearer writer']
  assert.equal(statusOf(await exchange(port, plainRequest('GET /', ...twice))), 400)
})

test('a refused body is not parsed', async (context) => {
  const app = express()
  app.post('/', allow(), express.json(), show)
  const port = await start(createServer(app), context)
  const broken = plainRequest('POST /', 'Content-Type: application/json', 'Content-Length: 1')
  assert.equal(statusOf(await exchange(port, `${broken}{`)), 401)
})

test('a handler that throws is answered by Express', async (context) => {
  const app = express()
  app.set('env', 'test')
  app.get('/', allow(), () => {
    throw new Error('ours to see')
  })
  const call = await serve(app, context)
  assert.equal((await call('/', 'reader')).status, 500)
  assert.equal((await call('/', 'slow-reader')).status, 500)
})

test('providers see the whole path below a router', async (context) => {
  const provider = namedTokens()
  const guard = protect({ auth: [{ provider }], publicOrigin: 'https://orders.example' })
  const router = express.Router().get('/:id', guard(), show)
  const call = await serve(express().use('/order', router), context)
  assert.equal((await call('/order/1?q', 'reader')).status, 200)
  assert.deepEqual(provider.calls, ['GET https://orders.example/order/1'])
})

test('bad demands are a start error', () => {
  assert.throws(() => allow({ scopes: [] }), { code: 'config', message: /^allow/ })
  assert.throws(() => protect({ auth: [] }), { code: 'config', message: /^auth/ })
})

test('a checked application does not start in clear text off loopback', async () => {
  const app = express().get('/', allow(), show)
  allow.check(app)
  const server = app.listen(0, '0.0.0.0')
  const [error] = (await once(server, 'error')) as [Error]
  assert.match(error.message, /^auth: the listener at 0\.0\.0\.0/)
  assert.equal(server.listening, false)
})

test('an application without a check refuses each call in clear text off loopback', async (context) => {
  const server = createServer(express().get('/', allow(), show))
  await once(server.listen(0, '0.0.0.0'), 'listening')
  context.after(async () => void server.close())
  const { port } = server.address() as { port: number }
  assert.equal(statusOf(await exchange(port, plainRequest('GET /', 'Authorization: Bearer reader'))), 503)
})

test('check refuses a server that listens in clear text off loopback already', async (context) => {
  const app = express().get('/', allow(), show)
  const server = createServer(app)
  await once(server.listen(0, '0.0.0.0'), 'listening')
  context.after(async () => void server.close())
  assert.throws(() => allow.check(app, server), { code: 'config', path: 'auth' })
})

test('[allowInsecureListener] lets it start', async () => {
  const insecure = protect({ auth: [{ provider: namedTokens() }], [allowInsecureListener]: true })
  const app = express().get('/', insecure(), show)
  insecure.check(app)
  const server = app.listen(0, '0.0.0.0')
  await once(server, 'listening')
  server.close()
})

function echo(request: Request, response: Response): void {
  response.json(request.body)
}

function post(path: string, token?: string, body = 'expect'): string {
  const headers = ['Content-Type: application/json', 'Content-Length: 2', 'Expect: 100-continue']
  const authorization = token === undefined ? [] : [`Authorization: Bearer ${token}`]
  const request = plainRequest(`POST ${path}`, ...headers, ...authorization)
  return body === 'expect' ? request : request + body
}

test('Expect: 100-continue is answered with the refusal, or when the body is read', async (context) => {
  const app = express()
  app.post('/guarded', allow({ scopes: 'write' }), express.json(), echo)
  app.post('/open', open, express.json(), echo)
  app.post('/unread', open, (_request, response) => void response.end('unread'))
  allow.check(app)
  const port = await start(createServer(app), context)
  assert.match(await exchange(port, post('/guarded')), /^HTTP\/1\.1 401/)
  assert.match(await exchange(port, post('/unread')), /^HTTP\/1\.1 200/)
  for (const [path, token] of [
    ['/guarded', 'writer'],
    ['/guarded', 'slow-writer'],
    ['/open', undefined],
  ] as const) {
    const answer = await exchange(port, post(path, token, '{}'))
    assert.match(answer, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200/)
  }
  assert.match(await exchange(port, post('/unknown', undefined, '{}')), /HTTP\/1\.1 404/)
})

/** The status of an upgrade; its listener answers 101. */
async function upgrade(port: number, target: string, ...headers: readonly string[]): Promise<number> {
  const request = plainRequest(`GET ${target}`, 'Upgrade: test', ...headers)
  return statusOf(await exchange(port, request.replace('Connection: close', 'Connection: Upgrade')))
}

const takeSocket = (_request: unknown, socket: { end(text: string): void }): void =>
  socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n')

test('upgrade and CONNECT listeners of a checked server get only who fulfils the service', async (context) => {
  const app = express()
  allow.check(app)
  const server = createServer(app).on('upgrade', takeSocket).on('connect', takeSocket)
  const port = await start(server, context)
  const [writer, forged] = ['Authorization: Bearer slow-writer', 'Authorization: Bearer forged']
  const answers = [
    await upgrade(port, '/live'),
    await upgrade(port, '/live', forged),
    await upgrade(port, '/live', writer),
    await upgrade(port, '/public/../live', writer),
    statusOf(await exchange(port, plainRequest('CONNECT live:1'))),
    statusOf(await exchange(port, plainRequest('CONNECT live:1', writer))),
  ]
  assert.deepEqual(answers, [401, 401, 101, 400, 401, 101])
})

test('what upgrades must fulfil can be said, also that it is nothing', async (context) => {
  const auth = [{ provider: namedTokens() }]
  for (const [says, status] of [
    [{ scopes: 'write' }, 403],
    [false, 101],
  ] as const) {
    const app = express()
    const own = protectWith<ResourceAuth>(compileAuth(auth, createServices()), { upgrade: says })
    own.check(app)
    const port = await start(createServer(app).on('upgrade', takeSocket), context)
    assert.equal(await upgrade(port, '/live', 'Authorization: Bearer reader'), status)
  }
})
