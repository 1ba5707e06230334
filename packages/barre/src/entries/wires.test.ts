import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { test } from 'node:test'
import express from 'express'
import Fastify from 'fastify'
import { namedTokens, start } from '../../test/http-wire.ts'
import { open, protect as protectExpress } from './express.ts'
import { barre } from './fastify.ts'
import { protect as protectHttp } from './http.ts'

const auth = () => [{ provider: namedTokens() }]

async function onFastify(): Promise<RequestListener> {
  const app = Fastify()
  await app.register(barre, { auth: auth() })
  app.get('/guarded', { config: { auth: { scopes: 'read' } } }, (request, reply) =>
    reply.send(request.principal?.username),
  )
  app.get('/open', { config: { auth: false } }, (_request, reply) => reply.send('open'))
  await app.ready()
  return (request, response) => app.routing(request, response)
}

function onExpress(): RequestListener {
  const app = express()
  const allow = protectExpress({ auth: auth() })
  app.get('/guarded', allow({ scopes: 'read' }), (request, response) =>
    response.end(request.principal?.username),
  )
  app.get('/open', open, (_request, response) => response.end('open'))
  allow.check(app)
  return app
}

function onHttp(): RequestListener {
  const resources = { 'GET /guarded': { scopes: 'read' }, 'GET /open': false } as const
  return protectHttp({ auth: auth(), resources }, (_request, response, { principal }) =>
    response.end(principal?.username ?? 'open'),
  )
}

for (const [wire, make] of [
  ['http', onHttp],
  ['fastify', onFastify],
  ['express', onExpress],
] as const) {
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
