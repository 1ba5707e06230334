import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { test } from 'node:test'
import express from 'express'
import Fastify from 'fastify'
import type { Provider } from '../core/index.ts'
import type { HttpOptions } from '../transports/http/index.ts'
import { namedTokens, start } from '../../test/http-wire.ts'
import { open, protect as protectExpress } from './express.ts'
import { barre } from './fastify.ts'
import { protect as protectHttp } from './http.ts'

type Options = Pick<HttpOptions, 'publicOrigin' | 'publicPath' | 'resourceMetadata'>

async function onFastify(
  options: Options = {},
  provider: Provider = namedTokens(),
): Promise<RequestListener> {
  const app = Fastify()
  await app.register(barre, { auth: [{ provider }], ...options })
  app.get('/guarded', { config: { auth: { scopes: 'read' } } }, (request, reply) =>
    reply.send(request.principal?.username),
  )
  app.get('/open', { config: { auth: false } }, (_request, reply) => reply.send('open'))
  await app.ready()
  return (request, response) => app.routing(request, response)
}

function onExpress(options: Options = {}, provider: Provider = namedTokens()): RequestListener {
  const app = express()
  const allow = protectExpress({ auth: [{ provider }], ...options })
  app.use(allow.metadata)
  app.get('/guarded', allow({ scopes: 'read' }), (request, response) =>
    response.end(request.principal?.username),
  )
  app.get('/open', open, (_request, response) => response.end('open'))
  allow.check(app)
  return app
}

function onHttp(options: Options = {}, provider: Provider = namedTokens()): RequestListener {
  const resources = { 'GET /guarded': { scopes: 'read' }, 'GET /open': false } as const
  return protectHttp({ auth: [{ provider }], resources, ...options }, (_request, response, { principal }) =>
    response.end(principal?.username ?? 'open'),
  )
}

const wires = [
  ['http', onHttp],
  ['fastify', onFastify],
  ['express', onExpress],
] as const

for (const [wire, make] of wires) {
  test(`barre/${wire} joins auth with its wire`, async (context) => {
    const port = await start(createServer(await make()), context)
    const ask = async (path: string, token?: string): Promise<string> => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
      return `${response.status} ${await response.text()}`
    }
    assert.equal(await ask('/open'), '200 open')
    assert.equal(await ask('/guarded'), '401 {"error":"unauthorized"}')
    assert.equal(await ask('/guarded', 'writer'), '403 {"error":"insufficient_scope","scope":"read"}')
    assert.equal(await ask('/guarded', 'reader'), '200 reader')
  })
}

const publicOrigin = 'https://orders.example'

for (const [wire, make] of wires) {
  test(`barre/${wire} serves its metadata at the well-known path, and challenges point there`, async (context) => {
    const resourceMetadata = { authorizationServers: ['https://as.example'], scopesSupported: ['read'] }
    const listener = await make({ publicOrigin, publicPath: '/v1', resourceMetadata })
    const origin = `http://127.0.0.1:${await start(createServer(listener), context)}`
    const path = '/.well-known/oauth-protected-resource/v1'
    const found = await fetch(origin + path)
    assert.match(found.headers.get('content-type') ?? '', /^application\/json\b/)
    assert.equal(found.headers.get('cache-control'), 'public, max-age=300')
    assert.deepEqual(await found.json(), {
      resource: 'https://orders.example/v1',
      authorization_servers: ['https://as.example'],
      scopes_supported: ['read'],
      bearer_methods_supported: ['header'],
    })
    assert.equal((await fetch(origin + path, { method: 'HEAD' })).status, 200)
    assert.notEqual((await fetch(origin + path, { method: 'POST' })).status, 200)
    const refused = await fetch(`${origin}/guarded`)
    const url = `resource_metadata="${publicOrigin}${path}"`
    assert.equal(refused.headers.get('www-authenticate'), `Bearer realm="test", ${url}`)
  })

  test(`barre/${wire} does not start under an entry that compares URLs without publicOrigin`, async () => {
    const provider = { ...namedTokens(), needsPublicOrigin: true }
    await assert.rejects(async () => make({}, provider), { code: 'config', path: 'publicOrigin' })
    await make({ publicOrigin }, provider)
  })

  test(`barre/${wire} shows providers the URL as clients see it`, async (context) => {
    const provider = namedTokens()
    const listener = await make({ publicOrigin, publicPath: '/v1' }, provider)
    const port = await start(createServer(listener), context)
    const headers = {
      authorization: 'Bearer reader',
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
    }
    await fetch(`http://127.0.0.1:${port}/guarded?x=1`, { headers })
    assert.deepEqual(provider.calls, ['GET https://orders.example/v1/guarded'])
  })
}
