import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import express from 'express'
import Fastify from 'fastify'
import { WebSocket } from 'ws'
import { createTestCa } from '../../../../tools/test-ca.ts'
import { timedTokens } from '../../test/timed-tokens.ts'
import { ask, isOpen, open, say, echo } from '../../test/websocket-wire.ts'
import { protect as protectExpress } from './express.ts'
import { barre } from './fastify.ts'
import { protect as protectHttp } from './http.ts'
import type { ProtectedListener } from './http.ts'
import { protect } from './websocket.ts'
import type { ProtectedSockets } from './websocket.ts'
import { toServerOptions } from '../tls/index.ts'

const origin = 'https://shop.example'
const provider = timedTokens()
const auth = [{ provider }]

function guard(): ProtectedSockets {
  return protect({ auth, resources: { '/live': true }, allowedOrigins: [origin] }, echo)
}

function mintOnHttp(live: ProtectedSockets): ProtectedListener {
  return protectHttp({ auth, resources: { 'POST /ticket': true } }, (request, response) => {
    const minted = live.mintTicket(request)
    response.end(minted.ok ? minted.value.ticket : minted.denial.code)
  })
}

/** Servers of each kind that mint tickets at `/ticket`, and serve connections at `/live`. */
const servers: Readonly<Record<string, (live: ProtectedSockets, context: TestContext) => Promise<number>>> = {
  'node:http': (live, context) => {
    const server = createServer(mintOnHttp(live))
    live.attach(server)
    return start(server, context, live)
  },
  async 'node:http that listens already'(live, context) {
    const server = createServer(mintOnHttp(live))
    const port = await start(server, context, live)
    live.attach(server)
    return port
  },
  // The guard of HTTP learns of such a server by its first request, and comes to it after ours.
  async 'node:http behind a listener of its own, that listens already'(live, context) {
    const listener = mintOnHttp(live)
    const server = createServer((request, response) => listener(request, response))
    const port = await start(server, context, live)
    live.attach(server)
    return port
  },
  async Fastify(live, context) {
    const app = Fastify({ forceCloseConnections: true })
    // Before the plugin has run: our guard still comes first.
    live.attach(app.server)
    await app.register(barre, { auth })
    app.post('/ticket', (request, reply) => {
      const minted = live.mintTicket(request)
      return reply.send(minted.ok ? minted.value.ticket : minted.denial.code)
    })
    app.addHook('preClose', () => live.close())
    await app.listen({ port: 0, host: '127.0.0.1' })
    context.after(() => app.close())
    return (app.server.address() as AddressInfo).port
  },
  Express: (live, context) => {
    const app = express()
    const allow = protectExpress({ auth })
    app.post('/ticket', allow(), (request, response) => {
      const minted = live.mintTicket(request)
      response.end(minted.ok ? minted.value.ticket : minted.denial.code)
    })
    allow.check(app)
    const server = createServer(app)
    live.attach(server)
    return start(server, context, live)
  },
}

async function start(server: Server, context: TestContext, live: ProtectedSockets): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(async () => {
    await live.close()
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

for (const [name, make] of Object.entries(servers)) {
  test(`on ${name} a page gets a ticket from a guarded route, and connects with it`, async (context) => {
    const port = await make(guard(), context)
    const post = (token: string) =>
      fetch(`http://127.0.0.1:${port}/ticket`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, origin },
      })
    assert.equal((await post('mallory')).status, 401)
    const ticket = await (await post('alice')).text()
    const url = `ws://127.0.0.1:${port}/live`
    assert.equal(
      await say(await open(`${url}?ticket=${ticket}`, undefined, { origin }), 'hello'),
      'alice: hello',
    )
    assert.equal(await say(await open(url, 'slow-bob'), 'hello'), 'bob: hello')
    for (const token of [undefined, 'mallory', 'slow-mallory']) {
      const asked = await ask(url, token)
      assert.ok(!isOpen(asked))
      assert.deepEqual(
        [asked.status, asked.headers['www-authenticate']],
        [401, token ? 'Bearer error="invalid"' : 'Bearer'],
      )
    }
    const elsewhere = await ask(`ws://127.0.0.1:${port}/other`, 'alice')
    assert.ok(!isOpen(elsewhere))
    assert.equal(elsewhere.status, 404)
  })
}

test('a program that routes upgrades itself hands them over', async (context) => {
  const live = guard()
  const server = createServer()
  server.on('upgrade', (request, socket, head) => live.handleUpgrade(request, socket, head))
  const port = await start(server, context, live)
  const url = `ws://127.0.0.1:${port}/live`
  assert.equal(await say(await open(url, 'alice'), 'hello'), 'alice: hello')
  const asked = await ask(url)
  assert.ok(!isOpen(asked))
  assert.equal(asked.status, 401)
})

test('clear text off loopback does not start, and one that listens already is not served', async () => {
  const refused = createServer()
  guard().attach(refused)
  refused.listen(0, '0.0.0.0')
  const [error] = await once(refused, 'error').catch((thrown: unknown) => [thrown])
  assert.equal((error as { path?: string }).path, 'auth')
  const listening = createServer().listen(0, '0.0.0.0')
  await once(listening, 'listening')
  assert.throws(() => guard().attach(listening), { code: 'config', path: 'auth' })
  const live = guard()
  listening.on('upgrade', (request, socket, head) => live.handleUpgrade(request, socket, head))
  const asked = await ask(`ws://127.0.0.1:${(listening.address() as AddressInfo).port}/live`, 'alice')
  assert.ok(!isOpen(asked))
  assert.equal(asked.status, 503)
  listening.close()
})

test('over mutual TLS the certificate is a credential of the connection', async (context) => {
  const pki = await createTestCa()
  context.after(() => pki.remove())
  const tls = toServerOptions(
    { key: pki.server, mutualSsl: { cert: pki.caFile, verifyClient: 'OPTIONAL' } },
    'tls',
  )
  const live = protect(
    { auth: [{ mutualTlsConfig: { identities: { 'cn:client': ['read'] } } }], resources: { '/live': true } },
    echo,
  )
  const server = createTlsServer(tls)
  live.attach(server)
  const port = await start(server, context, live)
  const url = `wss://localhost:${port}/live`
  const { readFile } = await import('node:fs/promises')
  const ca = pki.ca.cert
  const [cert, key] = await Promise.all([readFile(pki.client.certFile), readFile(pki.client.keyFile)])
  assert.equal(await say(await open(url, undefined, { ca, cert, key }), 'hello'), 'cn:client: hello')
  const asked = await ask(url, undefined, { ca })
  assert.ok(!isOpen(asked))
  assert.equal(asked.status, 403)
})

test('a client of Node that is not ours connects too', async (context) => {
  const live = guard()
  const port = await servers['Express']!(live, context)
  const minted = live.mintTicket({ headers: { authorization: 'Bearer alice' } })
  assert.ok(minted.ok)
  const socket = new globalThis.WebSocket(`ws://127.0.0.1:${port}/live?ticket=${minted.value.ticket}`)
  const closed = new Promise((resolve) => socket.addEventListener('close', resolve))
  await new Promise((resolve) => socket.addEventListener('open', resolve))
  socket.send('hello')
  const data = await new Promise((resolve) =>
    socket.addEventListener('message', (event) => resolve(event.data)),
  )
  assert.equal(data, 'alice: hello')
  socket.close()
  await closed
  assert.equal(socket.readyState, WebSocket.CLOSED)
})
