import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import cors from '@fastify/cors'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { allowInsecureListener } from '../../core/index.ts'
import { barre } from '../../entries/fastify.ts'
import type { BarreOptions } from '../../entries/fastify.ts'
import { exchange, namedTokens, plainRequest, portOf, start, statusOf } from '../../../test/http-wire.ts'

const options = (): BarreOptions => ({ auth: [{ provider: namedTokens() }] })
const show = async (request: FastifyRequest): Promise<object> => ({
  username: request.principal?.username,
  body: request.body,
})
const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` })

function createApp(context: TestContext): FastifyInstance {
  const app = Fastify()
  context.after(() => app.close())
  return app
}

const outcomes: readonly (readonly [token: string | undefined, status: number, body: object])[] = [
  [undefined, 401, { error: 'unauthorized' }],
  ['forged', 401, { error: 'unauthorized' }],
  ['expired', 401, { error: 'unauthorized' }],
  ['reader', 403, { error: 'insufficient_scope', scope: 'write' }],
  ['a b', 400, { error: 'invalid_request' }],
  ['throttled', 429, { error: 'too_many_requests' }],
  ['down', 503, { error: 'temporarily_unavailable' }],
  ['writer', 200, { username: 'writer', body: { a: 1 } }],
]

for (const [token, status, body] of outcomes) {
  for (const prefix of token === undefined ? [''] : ['', 'slow-']) {
    test(`${prefix}${token ?? 'no token'} answers ${status}`, async (context) => {
      const app = createApp(context)
      await app.register(barre, options())
      app.put('/order/:id', { config: { auth: { scopes: 'write' } } }, show)
      const response = await app.inject({
        method: 'PUT',
        url: '/order/1',
        headers: token === undefined ? {} : bearer(prefix + token),
        payload: { a: 1 },
      })
      assert.equal(response.statusCode, status)
      assert.deepEqual(response.json(), body)
      assert.ok(!response.body.includes('detail'))
      if (status === 200) assert.equal(response.headers['x-proof'], 'seen')
      else assert.equal(response.headers['cache-control'], 'no-store')
      if (status === 401) assert.match(String(response.headers['www-authenticate']), /^Bearer realm="test"/)
      if (status === 429) assert.equal(response.headers['retry-after'], '7')
    })
  }
}

test('a refused body is never parsed', async (context) => {
  const app = createApp(context)
  await app.register(barre, options())
  app.post('/order', show)
  const headers = { 'content-type': 'application/json' }
  const refused = await app.inject({ method: 'POST', url: '/order', headers, payload: '{broken' })
  assert.equal(refused.statusCode, 401)
  const admitted = await app.inject({
    method: 'POST',
    url: '/order',
    headers: { ...headers, ...bearer('reader') },
    payload: '{broken',
  })
  assert.equal(admitted.statusCode, 400)
})

test('covers routes declared before it, in its plugin and in plugins below, and automatic HEAD routes', async (context) => {
  const app = createApp(context)
  app.get('/before', show)
  app.register(async (child) => {
    child.get('/child-before', show)
  })
  app.register(barre, options())
  app.get('/after', show)
  app.register(async (child) => {
    child.get('/child-after', show)
  })
  for (const url of ['/before', '/child-before', '/after', '/child-after']) {
    for (const method of ['GET', 'HEAD'] as const) {
      assert.equal((await app.inject({ method, url })).statusCode, 401, `${method} ${url}`)
      assert.equal(
        (await app.inject({ method, url, headers: bearer('reader') })).statusCode,
        200,
        `${method} ${url}`,
      )
    }
  }
})

test('a registration in a child plugin overrides the one above, whatever their order', async (context) => {
  for (const childFirst of [true, false]) {
    const app = createApp(context)
    if (!childFirst) app.register(barre, options())
    app.register(async (child) => {
      child.get('/open', show)
      await child.register(barre, { auth: false })
    })
    app.register(async (child) => {
      await child.register(barre, { auth: [{ provider: namedTokens(), scopes: 'write' }] })
      child.get('/write', show)
    })
    if (childFirst) app.register(barre, options())
    app.get('/read', show)
    const status = async (url: string, token?: string): Promise<number> =>
      (await app.inject({ url, ...(token && { headers: bearer(token) }) })).statusCode
    assert.equal(await status('/open'), 200)
    assert.equal(await status('/read'), 401)
    assert.equal(await status('/read', 'reader'), 200)
    assert.equal(await status('/write', 'reader'), 403)
    assert.equal(await status('/write', 'writer'), 200)
  }
})

test('a registration in a child plugin says nothing about its siblings', async (context) => {
  const app = createApp(context)
  app.register(async (child) => {
    await child.register(barre, options())
    child.get('/guarded', show)
  })
  app.get('/open', show)
  assert.equal((await app.inject('/guarded')).statusCode, 401)
  assert.equal((await app.inject('/open')).statusCode, 200)
})

const routes: readonly (readonly [
  name: string,
  auth: unknown,
  statuses: readonly [nobody: number, reader: number],
])[] = [
  ['false is open', false, [200, 200]],
  ['optional lets nobody in, but no bad credential', { optional: true }, [200, 200]],
  ['a list replaces the entries', [{ provider: namedTokens(), scopes: 'write' }], [401, 403]],
]

for (const [name, auth, [nobody, reader]] of routes) {
  test(`config.auth: ${name}`, async (context) => {
    const app = createApp(context)
    await app.register(barre, options())
    app.get('/', { config: { auth: auth as false } }, show)
    assert.equal((await app.inject('/')).statusCode, nobody)
    assert.equal((await app.inject({ url: '/', headers: bearer('reader') })).statusCode, reader)
    if (auth !== false) {
      assert.equal((await app.inject({ url: '/', headers: bearer('forged') })).statusCode, 401)
    }
  })
}

test('a bad auth in a route is a start error that names it, also when it was declared first', async (context) => {
  for (const first of [true, false]) {
    const app = createApp(context)
    const declare = (): unknown => app.get('/order/:id', { config: { auth: { scopes: [] } } }, show)
    if (first) declare()
    app.register(barre, options())
    if (!first) declare()
    await assert.rejects(async () => app.ready(), {
      code: 'config',
      message: /^(GET|HEAD) \/order\/:id config\.auth/,
    })
  }
})

test('scopes on a route of a plugin that declared no auth are a start error', async (context) => {
  const app = createApp(context)
  app.register(barre, { auth: false })
  app.get('/order', { config: { auth: { scopes: 'write' } } }, show)
  await assert.rejects(async () => app.ready(), { code: 'config' })
})

test('two registrations in one plugin are a start error', async (context) => {
  const app = createApp(context)
  app.register(barre, options())
  app.register(barre, options())
  await assert.rejects(async () => app.ready(), { code: 'config', path: 'auth' })
})

test('a bad registration is a start error', async (context) => {
  const app = createApp(context)
  app.register(barre, { auth: [] })
  await assert.rejects(async () => app.ready(), { code: 'config' })
})

test('an unknown route stays 404, and a wrong method too', async (context) => {
  const app = createApp(context)
  await app.register(barre, options())
  app.get('/known', show)
  assert.equal((await app.inject('/unknown')).statusCode, 404)
  assert.equal((await app.inject({ method: 'DELETE', url: '/known' })).statusCode, 404)
})

test('a CORS preflight is answered by a CORS plugin registered before, and by nobody else', async (context) => {
  const preflight = {
    method: 'OPTIONS',
    url: '/order',
    headers: { origin: 'https://shop.example', 'access-control-request-method': 'PUT' },
  } as const
  for (const [corsFirst, status] of [
    [true, 204],
    [false, 401],
  ] as const) {
    const app = createApp(context)
    if (corsFirst) await app.register(cors)
    await app.register(barre, options())
    if (!corsFirst) await app.register(cors)
    app.put('/order', show)
    assert.equal((await app.inject(preflight)).statusCode, status)
    assert.equal((await app.inject({ method: 'PUT', url: '/order' })).statusCode, 401)
  }
})

test('two Authorization headers are malformed', async (context) => {
  const app = createApp(context)
  await app.register(barre, options())
  app.get('/', show)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const twice = ['Authorization: Bearer writer', 'Authorization: Bearer writer']
  assert.equal(statusOf(await exchange(portOf(app.server), plainRequest('GET /', ...twice))), 400)
})

test('Expect: 100-continue is answered with the refusal, or with the call for the body', async (context) => {
  const app = createApp(context)
  await app.register(barre, options())
  app.post('/order', show)
  app.post('/open', { config: { auth: false } }, show)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const post = async (path: string, more: string): Promise<string> =>
    exchange(
      portOf(app.server),
      `POST ${path} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 2\r\n` +
        `Expect: 100-continue\r\nConnection: close\r\n${more}`,
    )
  assert.equal(statusOf(await post('/order', '\r\n')), 401)
  for (const answer of [
    await post('/order', 'Authorization: Bearer reader\r\n\r\n{}'),
    await post('/open', '\r\n{}'),
  ]) {
    assert.match(answer, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /)
  }
  assert.match(await post('/unknown', '\r\n{}'), /HTTP\/1\.1 404 /)
})

test('an upgrade listener on the server is guarded by the route, or else by the service', async (context) => {
  const app = createApp(context)
  await app.register(barre, options())
  app.get('/live', { config: { auth: { scopes: 'write' } } }, show)
  app.get('/public', { config: { auth: false } }, show)
  const reached: (string | undefined)[] = []
  app.server.on('upgrade', (request, socket) => {
    reached.push(request.url)
    socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n')
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const upgrade = async (path: string, token?: string): Promise<number> => {
    const lines = [`GET ${path} HTTP/1.1`, 'Host: test', 'Connection: Upgrade', 'Upgrade: websocket']
    if (token) lines.push(`Authorization: Bearer ${token}`)
    return statusOf(await exchange(portOf(app.server), `${lines.join('\r\n')}\r\n\r\n`))
  }
  assert.equal(await upgrade('/live'), 401)
  assert.equal(await upgrade('/live', 'slow-reader'), 403)
  assert.equal(await upgrade('/elsewhere'), 401)
  assert.deepEqual(reached, [])
  assert.equal(await upgrade('/live', 'slow-writer'), 101)
  assert.equal(await upgrade('/elsewhere', 'reader'), 101)
  assert.equal(await upgrade('/public'), 101)
  assert.deepEqual(reached, ['/live', '/elsewhere', '/public'])
})

test('a CONNECT listener on the server is guarded by the service', async (context) => {
  const app = createApp(context)
  await app.register(barre, options())
  app.server.on('connect', (_request, socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const port = portOf(app.server)
  const ask = async (...headers: string[]): Promise<number> =>
    statusOf(await exchange(port, plainRequest('CONNECT a.example:443', ...headers)))
  assert.equal(await ask(), 401)
  assert.equal(await ask('Authorization: Bearer reader'), 200)
})

test('auth on a cleartext listener off loopback does not start', async (context) => {
  const app = createApp(context)
  await app.register(barre, options())
  await assert.rejects(async () => app.listen({ port: 0, host: '0.0.0.0' }), { code: 'config', path: 'auth' })
  assert.equal(app.server.listening, false)
})

const excused: readonly (readonly [name: string, more: Partial<BarreOptions>])[] = [
  ['with [allowInsecureListener]', { [allowInsecureListener]: true }],
  ['behind trustedProxies', { trustedProxies: ['10.0.0.0/8'] }],
  ['when it declares no auth', { auth: false }],
]

for (const [name, more] of excused) {
  test(`a cleartext listener off loopback starts ${name}`, async (context) => {
    const app = createApp(context)
    await app.register(barre, { ...options(), ...more })
    await app.listen({ port: 0, host: '0.0.0.0' })
  })
}

test('a server that is not the application own refuses calls off loopback', async (context) => {
  const app = createApp(context)
  await app.register(barre, options())
  app.get('/', show)
  await app.ready()
  const server = createServer((request, response) => app.routing(request, response))
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  context.after(async () => void server.close())
  const answer = await exchange(portOf(server), plainRequest('GET /', 'Authorization: Bearer reader'))
  assert.equal(statusOf(answer), 503)
  const local = await start(
    createServer((request, response) => app.routing(request, response)),
    context,
  )
  assert.equal(statusOf(await exchange(local, plainRequest('GET /', 'Authorization: Bearer reader'))), 200)
})

test('tells whether its providers can be used', async (context) => {
  const app = createApp(context)
  let usable = false
  await app.register(barre, { auth: [{ provider: { ...namedTokens(), ready: () => usable } }] })
  await app.ready()
  assert.equal(app.barre.ready(), false)
  usable = true
  assert.equal(app.barre.ready(), true)
})

test('a handler that throws is answered by Fastify', async (context) => {
  const app = createApp(context)
  await app.register(barre, options())
  app.get('/', (_request: FastifyRequest, _reply: FastifyReply) => {
    throw new Error('ours to see')
  })
  for (const token of ['reader', 'slow-reader']) {
    const response = await app.inject({ url: '/', headers: bearer(token) })
    assert.equal(response.statusCode, 500)
    assert.match(response.body, /ours to see/)
  }
})
