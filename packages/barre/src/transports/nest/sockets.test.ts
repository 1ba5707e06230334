import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server } from 'node:net'
import { afterEach, test } from 'node:test'
import { NestFactory } from '@nestjs/core'
import { WsAdapter } from '@nestjs/platform-ws'
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets'
import type { INestApplication, Type } from '@nestjs/common'
import { WebSocket } from 'ws'
import { compileAuth, createServices } from '../../auth/index.ts'
import type { ResourceAuth } from '../../auth/index.ts'
import { createRevocations } from '../../core/index.ts'
import type { Principal, Services } from '../../core/index.ts'
import { namedTokens, portOf } from '../../../test/http-wire.ts'
import { decorate, toService } from '../../../test/nest-kit.ts'
import { ask, ended, isOpen, open, say } from '../../../test/websocket-wire.ts'
import { guardSockets, toModule } from './index.ts'
import type { ModuleOptions } from './index.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

/** What reached a gateway: messages, and connections. */
const reached: string[] = []

interface Client {
  readonly principal?: Principal
}

function toGateway(
  says: Readonly<Record<string, ResourceAuth>> = {},
  own?: ResourceAuth,
  path = '/live',
): Type {
  class Orders {
    handleConnection(client: Client): void {
      reached.push(`connected ${client.principal?.username}`)
    }
    list(client: Client): object {
      reached.push('list')
      return { event: 'list', data: client.principal?.username ?? 'nobody' }
    }
    cancel(client: Client): object {
      return this.list(client)
    }
    news(client: Client): object {
      return this.list(client)
    }
  }
  WebSocketGateway({ path })(Orders)
  const methods = ['list', 'cancel', 'news'].map(
    (name) => [name, [SubscribeMessage(name), says[name]]] as const,
  )
  return decorate(Orders, Object.fromEntries(methods), own)
}

interface Options extends ModuleOptions {
  readonly services?: Partial<Services>
  readonly isGuarded?: boolean
}

async function create(
  providers: readonly Type[],
  { services = {}, isGuarded = true, ...options }: Options = {},
): Promise<INestApplication> {
  const made = createServices(services)
  const imports = [toModule(compileAuth([{ provider: namedTokens() }], made), options, made)]
  const app = await NestFactory.create(toService({ imports, providers }), {
    abortOnError: false,
    logger: false,
  })
  closers.push(() => app.close())
  const adapter = new WsAdapter(app)
  app.useWebSocketAdapter(isGuarded ? await guardSockets(app, adapter) : adapter)
  reached.length = 0
  return app
}

async function serve(gateway: Type, options?: Options): Promise<string> {
  const app = await create([gateway], options)
  await app.listen(0, '127.0.0.1')
  return `ws://127.0.0.1:${portOf(app.getHttpServer() as Server)}/live`
}

const list = JSON.stringify({ event: 'list' })
const cancel = JSON.stringify({ event: 'cancel' })
const answered = (name: string): string => JSON.stringify({ event: 'list', data: name })

test('a connection is refused before it is open, with its status, and no gateway hears of it', async () => {
  const url = await serve(toGateway({}, { scopes: 'write' }))
  for (const [token, status] of [
    [undefined, 401],
    ['forged', 401],
    ['expired', 401],
    ['slow-reader', 403],
    ['reader', 403],
    ['a b', 400],
    ['throttled', 429],
    ['down', 503],
  ] as const) {
    const asked = await ask(url, token)
    assert.equal(isOpen(asked) ? 101 : asked.status, status, token)
  }
  for (const headers of [{ origin: 'https://evil.example' }]) {
    const asked = await ask(url, 'writer', { headers })
    assert.equal(isOpen(asked) ? 101 : asked.status, 403)
  }
  assert.deepEqual(reached, [])
  assert.equal(await say(await open(url, 'writer'), list), answered('writer'))
  assert.deepEqual(reached, ['connected writer', 'list'])
})

test('a message closes the connection with 4403 where its sender lacks a scope, and is not handled', async () => {
  const socket = await open(await serve(toGateway({ cancel: { scopes: 'write' } })), 'reader')
  assert.equal(await say(socket, list), answered('reader'))
  socket.send(cancel)
  assert.equal(await ended(socket), '4403 insufficient_scope')
  assert.deepEqual(reached, ['connected reader', 'list'])
})

test('an open gateway has messages that nobody may send without a credential', async () => {
  const url = await serve(toGateway({ cancel: { optional: false } }, false))
  const socket = await open(url)
  assert.equal(await say(socket, list), answered('nobody'))
  socket.send(cancel)
  assert.equal(await ended(socket), '4401 unauthorized')
})

test('in band, nothing is handled before the credential came, and none after it was revoked', async () => {
  const revocations = createRevocations()
  const options = { gateways: { inBand: 'authenticate' }, services: { revocations } } as const
  const url = await serve(toGateway({ news: false }), options)
  for (const early of [list, JSON.stringify({ event: 'news' })]) {
    const socket = await open(url)
    socket.send(early)
    assert.equal(await ended(socket), '4401 unauthorized')
  }
  assert.deepEqual(reached, ['connected undefined', 'connected undefined'])
  const socket = await open(url)
  const hello = JSON.stringify({ type: 'barre.authenticate', authorization: 'Bearer reader' })
  assert.equal(
    await say(socket, hello),
    JSON.stringify({ type: 'barre.authenticated', headers: { 'x-proof': 'seen' } }),
  )
  assert.equal(await say(socket, list), answered('reader'))
  revocations.revoke({ subject: 'reader' })
  assert.equal(await ended(socket), '4401 unauthorized')
})

test('a path of no gateway is not served, and the application ends while connections are open', async () => {
  const app = await create([toGateway()])
  await app.listen(0, '127.0.0.1')
  const url = `ws://127.0.0.1:${portOf(app.getHttpServer() as Server)}`
  const elsewhere = new WebSocket(`${url}/other`, { headers: { authorization: 'Bearer writer' } })
  await once(elsewhere, 'error')
  const socket = await open(`${url}/live`, 'writer')
  const end = ended(socket)
  await app.close()
  assert.match(await end, /^1001|^1006/)
})

for (const [claim, providers, options, path] of [
  ['a gateway whose adapter is not guarded', [toGateway()], { isGuarded: false }, 'Orders Auth'],
  ['the same, beside an open one', [toGateway({}, false), toGateway()], { isGuarded: false }, 'Orders Auth'],
  ['a demand of a message that is wrong', [toGateway({ list: { scopes: [] } })], {}, /^Orders\.list Auth/],
  ['entries of a message', [toGateway({ list: [{ provider: namedTokens() }] })], {}, 'Orders.list Auth'],
  ['a demand of connections that is wrong', [toGateway({}, { scopes: [] })], {}, /^Orders Auth/],
  [
    'gateways that share connections and do not agree',
    [toGateway(), toGateway({}, false)],
    {},
    'Orders Auth',
  ],
] as const) {
  test(`does not start with ${claim}`, async () => {
    const app = await create(providers, options)
    await assert.rejects(app.listen(0, '127.0.0.1'), { code: 'config', path })
  })
}
