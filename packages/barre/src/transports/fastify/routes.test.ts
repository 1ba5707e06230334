import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify from 'fastify'

test('a route of before this module was loaded is guarded, and answers 503 when its auth is wrong', async (context) => {
  const app = Fastify()
  context.after(() => app.close())
  app.get('/plain', (_request, reply) => reply.send('reached'))
  app.get('/wrong', { config: { auth: { scopes: [] } } }, (_request, reply) => reply.send('reached'))
  // Loaded here, and not above: the application must be older than the module.
  const { barre, bearer, options } = await import('../../../test/fastify-app.ts')
  await app.register(barre, options())
  app.get('/later', { config: { auth: { scopes: 'write' } } }, (_request, reply) => reply.send('reached'))
  const status = async (url: string, token?: string): Promise<number> =>
    (await app.inject({ url, headers: token === undefined ? {} : bearer(token) })).statusCode
  assert.equal(await status('/plain'), 401)
  assert.equal(await status('/plain', 'reader'), 200)
  assert.equal(await status('/wrong', 'reader'), 503)
  assert.equal(await status('/later', 'reader'), 403)
})
