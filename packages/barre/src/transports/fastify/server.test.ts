import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import Fastify from 'fastify'
import { allowInsecureListener } from '../../core/index.ts'
import { barre, createApp, options, show } from '../../../test/fastify-app.ts'
import type { BarreOptions } from '../../../test/fastify-app.ts'
import { exchange, plainRequest, portOf, start, statusOf, statusOverHttp2 } from '../../../test/http-wire.ts'

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
  // What the router takes for one path, the listener may take for another.
  for (const path of ['/public/../live', '/public//live', '/public%2flive', 'http://test/public']) {
    assert.equal(await upgrade(path), 400, path)
  }
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

test('a CONNECT over HTTP/2 is 405 and harms nobody', async (context) => {
  const app = Fastify({ http2: true })
  context.after(() => app.close())
  await app.register(barre, options())
  await app.listen({ port: 0, host: '127.0.0.1' })
  const connectMethod = { ':method': 'CONNECT', ':authority': 'a.example:443' }
  assert.equal(await statusOverHttp2(portOf(app.server), connectMethod), 405)
  assert.equal(await statusOverHttp2(portOf(app.server), { ':path': '/unknown' }), 404)
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
