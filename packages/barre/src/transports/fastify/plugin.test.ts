import assert from 'node:assert/strict'
import { test } from 'node:test'
import cors from '@fastify/cors'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { barre, bearer, createApp, options, show } from '../../../test/fastify-app.ts'
import { namedTokens } from '../../../test/http-wire.ts'

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

test('covers routes declared before it, here and in plugins below, and automatic HEAD routes', async (context) => {
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
