import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { Router } from '@koa/router'
import Koa from 'koa'
import { compileAuth, createServices } from '../../auth/index.ts'
import type { AuthConfig, ResourceAuth } from '../../auth/index.ts'
import { exchange, namedTokens, plainRequest, start, statusOf } from '../../../test/http-wire.ts'
import { passesOn } from '../http/index.ts'
import type { HttpOptions } from '../http/index.ts'
import { open, protect as protectWith } from './guard.ts'
import type { Allow, Guarded } from './guard.ts'

type App = Koa<object, Guarded>
type Routes = Router<object, Guarded>

function protect({ auth, ...options }: HttpOptions & { auth: AuthConfig }): Allow<ResourceAuth> {
  return protectWith(compileAuth(auth, createServices()), options)
}

const auth = [{ provider: namedTokens() }]
const allow = protect({ auth })
const show = (context: Guarded & { body: unknown }): void => {
  context.body = { username: context.principal?.username }
}
const passing = passesOn((_context: unknown, next: Koa.Next) => next())
const newRouter = (options = {}): Routes => new Router<object, Guarded>(options)

function toServer(app: Pick<App, 'callback'>): Server {
  const listener = app.callback()
  return createServer((request, response) => void listener(request, response))
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

async function serve(
  build: (app: App, router: Routes) => void,
  context: TestContext,
): Promise<(path: string, token?: string, method?: string) => Promise<Answer>> {
  const [app, router] = [new Koa<object, Guarded>(), newRouter()]
  app.silent = true
  build(app, router)
  app.use(router.routes())
  allow.check(app)
  const port = await start(toServer(app), context)
  return async (path, token, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      ...(token && { headers: { authorization: `Bearer ${token}` } }),
    })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
}

const outcomes: readonly (readonly [token: string | undefined, status: number, body: object])[] = [
  [undefined, 401, { error: 'unauthorized' }],
  ['forged', 401, { error: 'unauthorized' }],
  ['reader', 403, { error: 'insufficient_scope', scope: 'write' }],
  ['a b', 400, { error: 'invalid_request' }],
  ['throttled', 429, { error: 'too_many_requests' }],
  ['down', 503, { error: 'temporarily_unavailable' }],
  ['writer', 200, { username: 'writer' }],
  ['slow-forged', 401, { error: 'unauthorized' }],
  ['slow-writer', 200, { username: 'writer' }],
]

for (const [token, status, body] of outcomes) {
  test(`${token ?? 'no token'} answers ${status}`, async (context) => {
    const call = await serve(
      (_app, router) => router.put('/order/:id', allow({ scopes: 'write' }), show),
      context,
    )
    const { headers, text, ...answer } = await call('/order/1', token, 'PUT')
    assert.equal(answer.status, status)
    assert.deepEqual(JSON.parse(text), body)
    if (status === 200) assert.equal(headers.get('x-proof'), 'seen')
    else assert.equal(headers.get('cache-control'), 'no-store')
    if (status === 401) assert.match(String(headers.get('www-authenticate')), /^Bearer realm="test"/)
  })
}

test('middleware around the guard sees the refusal as an answer of Koa', async (context) => {
  const seen: number[] = []
  const call = await serve((app, router) => {
    app.use(
      passesOn(async (around, next) => {
        await next()
        seen.push(around.status)
      }),
    )
    router.get('/', allow(), show)
  }, context)
  await call('/')
  await call('/', 'slow-reader')
  assert.deepEqual(seen, [401, 200])
})

test('open lets everybody in as nobody, behind another guard too', async (context) => {
  const call = await serve((_app, router) => {
    router
      .get('/open', open, show)
      .get('/both', allow(), open, show)
      .get('/maybe', allow({ optional: true }), show)
  }, context)
  assert.equal((await call('/open', 'forged')).text, '{}')
  assert.equal((await call('/both', 'reader')).text, '{}')
  assert.equal((await call('/maybe')).text, '{}')
  assert.equal((await call('/maybe', 'forged')).status, 401)
})

test('a handler that throws is answered by Koa', async (context) => {
  const call = await serve((_app, router) => {
    router.get('/', allow(), () => {
      throw new Error('ours to see')
    })
  }, context)
  assert.equal((await call('/', 'reader')).status, 500)
  assert.equal((await call('/', 'slow-reader')).status, 500)
})

test('an unknown path is 404', async (context) => {
  const call = await serve((_app, router) => router.get('/', allow(), show), context)
  assert.equal((await call('/other')).status, 404)
})

const settled: readonly (readonly [name: string, build: (app: App, router: Routes) => void])[] = [
  ['guards and marks', (_app, router) => router.get('/a', open, show).put('/a', allow(), show)],
  ['a guard for the application', (app, router) => app.use(allow()).use(router.get('/a', show).routes())],
  ['all that follows marked open', (app) => app.use(open).use(show)],
  ['a handler behind a guard', (app) => app.use(allow()).use(show)],
  ['middleware that passes on', (app, router) => app.use(passing).use(router.routes())],
  ['a guard in a router', (_app, router) => router.use(allow()).get('/a', show)],
  [
    'a guard in a router with a prefix',
    (app) => app.use(newRouter({ prefix: '/v1.0' }).use(allow()).get('/a', show).routes()),
  ],
  [
    'a guard in a router with a parameter in its prefix',
    (app) => app.use(newRouter({ prefix: '/:tenant' }).use(allow()).get('/a', show).routes()),
  ],
  ['a guard for a path', (_app, router) => router.use('/api', allow()).get('/api/a', show).get('/api', show)],
  ['a nested router', (_app, router) => router.use('/api', newRouter().get('/a', allow(), show).routes())],
  [
    'a guard of the parent before a nested router',
    (_app, router) => router.use('/api', allow()).use('/api', newRouter().get('/a', show).routes()),
  ],
  [
    'middleware that passes on before the guard of a route',
    (_app, router) => router.get('/a', passing, allow(), show),
  ],
]

for (const [name, build] of settled) {
  test(`check passes ${name}`, () => {
    const [app, router] = [new Koa<object, Guarded>(), newRouter()]
    build(app, router)
    allow.check(app.use(router.routes()))
  })
}

const unsettled: readonly (readonly [
  name: string,
  build: (app: App, router: Routes) => void,
  path: RegExp,
])[] = [
  ['a bare route', (_app, router) => router.get('/a', show), /^HEAD,GET \/a$/],
  ['a bare route among others', (_app, router) => router.get('/a', open, show).put('/a', show), /^PUT \/a$/],
  ['a bare handler', (app) => app.use(show), /^middleware\[0\] show$/],
  ['a handler before the guard', (app) => app.use(show).use(allow()), /^middleware\[0\] show$/],
  ['a parser before the guard', (_app, router) => router.post('/a', show, allow(), show), /^POST \/a$/],
  [
    'middleware of a router that may answer',
    (_app, router) => router.use(show).get('/a', allow(), show),
    /^\(\?/,
  ],
  ['a route before the guard', (_app, router) => router.get('/a', show).use(allow()), /GET \/a$/],
  [
    'a route beside the guarded path',
    (_app, router) => router.use('/api', allow()).get('/apis', show),
    /GET \/apis$/,
  ],
  [
    'a route below a guard for the root alone',
    (_app, router) => router.use('/', allow()).get('/a', show),
    /GET \/a$/,
  ],
  [
    'a path in other letters',
    (_app, router) => router.use('/api', allow()).get('/API/a', show),
    /GET \/API\/a$/,
  ],
  [
    'a nested router that takes both spellings behind a guard that knows one',
    (app) => {
      const nested = newRouter().get('/a', show).routes()
      app.use(newRouter({ sensitive: true }).use('/api', allow()).use('/api', nested).routes())
    },
    /GET \/api\/a$/,
  ],
  [
    'a guard that an exclusive router leaves out',
    (app) => app.use(newRouter({ exclusive: true }).use(allow()).get('/a', show).routes()),
    /GET \/a$/,
  ],
  [
    'a guard by a regular expression',
    (_app, router) => router.use(/^\/a/, allow()).get('/a', show),
    /GET \/a$/,
  ],
  [
    'a route by a regular expression',
    (_app, router) => router.use('/a', allow()).get(/^\/a/, show),
    /GET \/\^/,
  ],
  ['a wrapped guard', (app) => app.use((context, next) => allow()(context, next)), /^middleware\[0\]$/],
]

for (const [name, build, path] of unsettled) {
  test(`check refuses ${name}`, () => {
    const [app, router] = [new Koa<object, Guarded>(), newRouter()]
    build(app, router)
    assert.throws(
      () => allow.check(app.use(router.routes())),
      (error: { code?: string; path?: string }) => error.code === 'config' && path.test(error.path ?? ''),
    )
  })
}

test('nothing can be added after the check', () => {
  const [app, router] = [new Koa<object, Guarded>(), newRouter().get('/a', allow(), show)]
  allow.check(app.use(router.routes()))
  assert.throws(() => app.use(show), TypeError)
  assert.throws(() => router.get('/b', show), TypeError)
})

test('without the check every guard refuses', async (context) => {
  const app = new Koa<object, Guarded>()
  app.use(protect({ auth })()).use(show)
  const port = await start(toServer(app), context)
  assert.equal(statusOf(await exchange(port, plainRequest('GET /', 'Authorization: Bearer reader'))), 503)
})

test('two Authorization headers are malformed', async (context) => {
  const app = new Koa<object, Guarded>().use(allow()).use(show)
  allow.check(app)
  const port = await start(toServer(app), context)
  const twice = ['Authorization: Bearer writer', 'Authorization: Bearer writer']
  assert.equal(statusOf(await exchange(port, plainRequest('GET /', ...twice))), 400)
})

test('providers see the whole path below a router', async (context) => {
  const provider = namedTokens()
  const guard = protect({ auth: [{ provider }], publicOrigin: 'https://orders.example' })
  const app = new Koa<object, Guarded>()
  app.use(newRouter({ prefix: '/order' }).get('/:id', guard(), show).routes())
  guard.check(app)
  const port = await start(toServer(app), context)
  await exchange(port, plainRequest('GET /order/1?q', 'Authorization: Bearer reader'))
  assert.deepEqual(provider.calls, ['GET https://orders.example/order/1'])
})

test('what the service says of itself is served; nobody serving it is a start error', async (context) => {
  const resourceMetadata = { authorizationServers: ['https://as.example'] }
  const guard = protect({ auth, publicOrigin: 'https://orders.example', resourceMetadata })
  assert.throws(() => guard.check(new Koa<object, Guarded>().use(guard()).use(show)), {
    code: 'config',
    path: 'resourceMetadata',
  })
  const app = new Koa<object, Guarded>().use(guard.metadata).use(guard()).use(show)
  guard.check(app)
  const port = await start(toServer(app), context)
  const response = await fetch(`http://127.0.0.1:${port}/.well-known/oauth-protected-resource`)
  assert.equal(Object(await response.json()).resource, 'https://orders.example')
  const refused = await fetch(`http://127.0.0.1:${port}/`)
  assert.match(
    refused.headers.get('www-authenticate') ?? '',
    /resource_metadata="https:\/\/orders\.example\/\.well-known/,
  )
})

test('a checked application does not start in clear text off loopback', async () => {
  const app = new Koa<object, Guarded>().use(allow()).use(show)
  allow.check(app)
  const server = app.listen(0, '0.0.0.0')
  const [error] = (await once(server, 'error')) as [Error]
  assert.match(error.message, /^auth: the listener at 0\.0\.0\.0/)
  assert.equal(server.listening, false)
})

test('bad demands are a start error', () => {
  assert.throws(() => allow({ scopes: [] }), { code: 'config', message: /^allow/ })
})
