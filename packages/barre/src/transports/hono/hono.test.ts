import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server } from 'node:net'
import { test } from 'node:test'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import type { Context } from 'hono'
import { compileAuth, createServices } from '../../auth/index.ts'
import type { AuthConfig, ResourceAuth } from '../../auth/index.ts'
import { exchange, namedTokens, plainRequest, portOf, statusOf } from '../../../test/http-wire.ts'
import { passesOn } from '../http/index.ts'
import type { HttpOptions } from '../http/index.ts'
import { open, protect as protectWith } from './guard.ts'
import type { Allow } from './guard.ts'

function protect({ auth, ...options }: HttpOptions & { auth: AuthConfig }): Allow<ResourceAuth> {
  return protectWith(compileAuth(auth, createServices()), options)
}

const provider = namedTokens()
const allow = protect({ auth: [{ provider }], publicOrigin: 'https://orders.example' })
const show = (context: Context): Response => context.json({ username: context.var.principal?.username })

/** Calls an application as any fetch-style runtime does. */
async function ask(
  app: Hono,
  path: string,
  token?: string,
  method = 'GET',
): Promise<{ readonly status: number; readonly headers: Headers; readonly text: string }> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const response = await app.request(path, { method, headers })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

function checked(app: Hono): Hono {
  allow.check(app)
  return app
}

const outcomes: readonly (readonly [token: string | undefined, status: number, body: object])[] = [
  [undefined, 401, { error: 'unauthorized' }],
  ['forged', 401, { error: 'unauthorized' }],
  ['reader', 403, { error: 'insufficient_scope', scope: 'write' }],
  ['a b', 400, { error: 'invalid_request' }],
  ['reader, Bearer writer', 400, { error: 'invalid_request' }],
  ['throttled', 429, { error: 'too_many_requests' }],
  ['down', 503, { error: 'temporarily_unavailable' }],
  ['writer', 200, { username: 'writer' }],
  ['slow-forged', 401, { error: 'unauthorized' }],
  ['slow-writer', 200, { username: 'writer' }],
]

const guarded = checked(new Hono().put('/order/:id', allow({ scopes: 'write' }), show))

for (const [token, status, body] of outcomes) {
  test(`${token ?? 'no token'} answers ${status}`, async () => {
    const { headers, text, ...answer } = await ask(guarded, '/order/1', token, 'PUT')
    assert.equal(answer.status, status)
    assert.deepEqual(JSON.parse(text), body)
    if (status === 200) assert.equal(headers.get('x-proof'), 'seen')
    else assert.equal(headers.get('cache-control'), 'no-store')
    if (status === 401) assert.match(String(headers.get('www-authenticate')), /^Bearer realm="test"/)
  })
}

test('providers see the method and the whole path, without the query', async () => {
  const below = new Hono().get('/:id', allow(), show)
  const app = checked(new Hono().route('/order', below))
  provider.calls.length = 0
  assert.equal((await ask(app, '/order/1?q', 'reader')).status, 200)
  assert.deepEqual(provider.calls, ['GET https://orders.example/order/1'])
})

test('two credentials of different schemes are malformed', async () => {
  const app = checked(new Hono().get('/', allow(), show))
  const headers = new Headers({ authorization: 'Basic YTpi' })
  headers.append('authorization', 'Bearer reader')
  assert.equal((await app.request('/', { headers })).status, 400)
})

test('open lets everybody in as nobody, behind another guard too', async () => {
  const app = checked(
    new Hono()
      .get('/open', open, show)
      .get('/both', allow(), open, show)
      .get('/maybe', allow({ optional: true }), show),
  )
  assert.equal((await ask(app, '/open', 'forged')).text, '{}')
  assert.equal((await ask(app, '/both', 'reader')).text, '{}')
  assert.equal((await ask(app, '/maybe')).text, '{}')
  assert.equal((await ask(app, '/maybe', 'forged')).status, 401)
})

test('a handler that answers with a Response of its own carries the reply metadata', async () => {
  const app = checked(new Hono().get('/', allow(), () => new Response('bare')))
  assert.equal((await ask(app, '/', 'reader')).headers.get('x-proof'), 'seen')
})

const settled: readonly (readonly [name: string, build: (app: Hono) => unknown])[] = [
  ['guards and marks', (app) => app.get('/a', open, show).put('/a', allow(), show)],
  ['a guard for the application', (app) => app.use(allow()).get('/a', show).all('/b', show)],
  ['a guard for a path', (app) => app.use('/api/*', allow()).get('/api/a', show).get('/api', show)],
  ['a guard for a base path', (app) => app.basePath('/v1').use(allow()).get('/a', show)],
  [
    'a guard before an application below',
    (app) => app.use('/s/*', allow()).route('/s', new Hono().get('/', show)),
  ],
  ['guards of an application below', (app) => app.route('/s', new Hono().get('/a', allow(), show))],
  [
    'guards of an application below with an error handler',
    (app) =>
      app.route(
        '/s',
        new Hono().get('/a', allow(), show).onError(() => new Response('error')),
      ),
  ],
  ['a guard before a mounted handler', (app) => app.use('/m/*', allow()).mount('/m', () => new Response())],
  [
    'middleware that passes on',
    (app) => app.use(passesOn((_context, next) => next())).get('/a', allow(), show),
  ],
  ['several handlers behind a guard', (app) => app.post('/a', allow(), (_context, next) => next(), show)],
]

for (const [name, build] of settled) {
  test(`check passes ${name}`, () => {
    const app = new Hono()
    build(app)
    allow.check(app)
  })
}

const unsettled: readonly (readonly [name: string, build: (app: Hono) => unknown, path: string])[] = [
  ['a bare route', (app) => app.get('/a', show), 'GET /a'],
  ['a bare route among others', (app) => app.get('/a', open, show).put('/a', show), 'PUT /a'],
  [
    'a route for all methods behind a guard for one',
    (app) => app.get('/a', allow()).all('/a', show),
    'ALL /a',
  ],
  ['a route whose guard comes late', (app) => app.post('/a', show, allow(), show), 'POST /a'],
  ['a route before the guard', (app) => app.get('/a', show).use(allow()), 'GET /a'],
  ['a route beside the guarded path', (app) => app.use('/api/*', allow()).get('/apis', show), 'GET /apis'],
  ['a route below a guard for one path', (app) => app.use('/api', allow()).get('/api/a', show), 'GET /api/a'],
  ['a path in other letters', (app) => app.use('/api/*', allow()).get('/API/a', show), 'GET /API/a'],
  ['a path by another parameter', (app) => app.use('/:one', allow()).get('/:two', show), 'GET /:two'],
  [
    'middleware that may answer',
    (app) => app.use(async (context) => show(context)).get('/a', allow(), show),
    'ALL /*',
  ],
  ['an application below', (app) => app.route('/s', new Hono().get('/a', show)), 'GET /s/a'],
  [
    'an application below with an error handler',
    (app) =>
      app.route(
        '/s',
        new Hono().get('/a', show).onError(() => new Response('error')),
      ),
    'GET /s/a',
  ],
  ['a mounted handler', (app) => app.mount('/m', () => new Response()), 'ALL /m/*'],
  ['a wrapped guard', (app) => app.get('/a', (context, next) => allow()(context, next)), 'GET /a'],
]

for (const [name, build, path] of unsettled) {
  test(`check refuses ${name}`, () => {
    const app = new Hono()
    build(app)
    assert.throws(() => allow.check(app), { code: 'config', path })
  })
}

test('what the service says of itself is served; nobody serving it is a start error', async () => {
  const resourceMetadata = { authorizationServers: ['https://as.example'] }
  const guard = protect({ auth: [{ provider }], publicOrigin: 'https://orders.example', resourceMetadata })
  assert.throws(() => guard.check(new Hono().get('/', guard(), show)), {
    code: 'config',
    path: 'resourceMetadata',
  })
  const app = new Hono().use(guard.metadata).get('/', guard(), show)
  guard.check(app)
  const { text } = await ask(app, '/.well-known/oauth-protected-resource')
  assert.equal(Object(JSON.parse(text)).resource, 'https://orders.example')
  const { headers } = await ask(app, '/')
  assert.match(
    headers.get('www-authenticate') ?? '',
    /resource_metadata="https:\/\/orders\.example\/\.well-known/,
  )
})

test('nothing can be added after the check', () => {
  const app = checked(new Hono().get('/a', allow(), show))
  assert.throws(() => app.get('/b', show), TypeError)
})

test('without the check every guard refuses', async () => {
  const unchecked = protect({ auth: [{ provider }] })
  assert.equal((await ask(new Hono().get('/', unchecked(), show), '/', 'reader')).status, 503)
})

test('a server of Node in clear text off loopback is refused by the check', async () => {
  const app = new Hono().get('/', allow(), show)
  const server = serve({ fetch: app.fetch, hostname: '0.0.0.0', port: 0 })
  await once(server, 'listening')
  assert.throws(() => allow.check(app, server), { code: 'config', path: 'auth' })
  server.close()
})

test('a server of Node that the check does not know refuses calls in clear text off loopback', async (context) => {
  const app = checked(new Hono().get('/', allow(), show))
  const server = serve({ fetch: app.fetch, hostname: '0.0.0.0', port: 0 })
  await once(server, 'listening')
  context.after(async () => void server.close())
  const request = plainRequest('GET /', 'Authorization: Bearer reader')
  assert.equal(statusOf(await exchange(portOf(server as Server), request)), 503)
})

test('bad demands are a start error', () => {
  assert.throws(() => allow({ scopes: [] }), { code: 'config', message: /^allow/ })
})
