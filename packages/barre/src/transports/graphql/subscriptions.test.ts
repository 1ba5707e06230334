import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { EventEmitter, on, once } from 'node:events'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { parse, subscribe } from 'graphql'
import type { GraphQLSchema } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import type { WebSocket } from 'ws'
import { compileAuth, createServices } from '../../auth/index.ts'
import { ended, next, open, serveSockets } from '../../../test/websocket-wire.ts'
import type { SocketOptions, SocketService } from '../../../test/websocket-wire.ts'
import { startMs, timedTokens } from '../../../test/timed-tokens.ts'
import { makeProof, proofKey } from '../../../test/dpop-kit.ts'
import { shopSchema } from '../../../test/shop-schema.ts'
import { toPrincipal } from '../../core/index.ts'
import { createIssuer } from '../../jose/index.ts'
import { guardSchema, overWebSocket } from './index.ts'

const protocols = ['graphql-transport-ws']
const init = (token?: string): string =>
  JSON.stringify({
    type: 'connection_init',
    ...(token !== undefined && { payload: { authorization: `Bearer ${token}` } }),
  })
const subscription = (query: string): string =>
  JSON.stringify({ type: 'subscribe', id: '1', payload: { query } })
const done = '{"type":"barre.authenticated","headers":{"x-proof":"seen"}}'
const renewal = (token: string): string =>
  JSON.stringify({ type: 'barre.authenticate', authorization: `Bearer ${token}` })
const ack = '{"type":"connection_ack"}'

interface Shop extends SocketService {
  /** Has every subscription to prices get one more. */
  emit(price: number): void
  /** How many streams are read. */
  streams(): number
}

function liveSchema(events: EventEmitter): GraphQLSchema {
  const schema = shopSchema()
  const fields = schema.getSubscriptionType()!.getFields()
  for (const name of ['prices', 'ticks']) {
    Object.assign(fields[name]!, {
      subscribe: () => on(events, 'price'),
      resolve: ([value]: readonly [number]) => value,
    })
  }
  return schema
}

/** A shop over graphql-ws, on WebSockets in the test's own time. */
async function openShop(context: TestContext, options: Partial<SocketOptions> = {}): Promise<Shop> {
  const events = new EventEmitter()
  const service = await serveSockets(
    context,
    { resources: { '/live': true }, subprotocols: protocols, inBand: 'handler', ...options },
    () => undefined,
  )
  const services = createServices({ now: () => startMs, revocations: service.revocations })
  const schema = guardSchema(
    compileAuth([{ provider: timedTokens() }], services),
    liveSchema(events),
    services,
  )
  useServer({ schema, ...overWebSocket(service.live) }, service.live.server)
  return {
    ...service,
    emit: (price) => events.emit('price', price),
    streams: () => events.listenerCount('price'),
  }
}

/** Sends, and gives the answer. */
async function say(socket: WebSocket, text: string): Promise<string> {
  const answer = next(socket)
  socket.send(text)
  return answer
}

async function subscribed(socket: WebSocket, shop: Shop, query: string): Promise<void> {
  const before = shop.streams()
  socket.send(subscription(query))
  while (shop.streams() === before) await new Promise((resolve) => setImmediate(resolve))
}

const price = (value: number): string => `{"id":"1","type":"next","payload":{"data":{"prices":${value}}}}`

for (const [where, token, message] of [
  ['at the upgrade', 'alice.10.read', init()],
  ['in connection_init', undefined, init('alice.10.read')],
  ['in both', 'alice.5.read', init('slow-alice.10.read')],
] as const) {
  test(`a subscription of who authenticated ${where} runs until the credential ends`, async (context) => {
    const shop = await openShop(context)
    const socket = await open(shop.url, token, { protocols })
    assert.equal(await say(socket, message), ack)
    await subscribed(socket, shop, 'subscription { prices }')
    const first = next(socket)
    shop.emit(1)
    assert.equal(await first, price(1))
    shop.tick(9_999)
    const second = next(socket)
    shop.emit(2)
    assert.equal(await second, price(2))
    const end = ended(socket)
    shop.tick(1)
    assert.equal(await end, '4401 unauthorized')
    while (shop.streams() > 0) await new Promise((resolve) => setImmediate(resolve))
  })
}

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const publicOrigin = 'https://orders.example'

/** A shop whose callers prove a key, with a token of ten seconds and the proof that goes with it. */
async function openBoundShop(context: TestContext) {
  const jwtValidatorConfig = {
    issuer: 'wso2',
    audience: 'orders',
    signatureConfig: { certFile: publicKey },
    dpopConfig: {},
  }
  const shop = await openShop(context, { auth: [{ jwtValidatorConfig }], publicOrigin })
  const key = proofKey()
  const config = {
    issuer: 'wso2',
    audience: 'orders',
    username: 'alice',
    expTime: 10,
    customClaims: { scope: 'read', cnf: { jkt: key.jkt } },
    signatureConfig: { algorithm: 'ES256', config: privateKey },
  } as const
  const token = await createIssuer(config, createServices({ now: () => startMs }), 'issuer').issue()
  const dpop = await makeProof(key, { method: 'GET', target: `${publicOrigin}/live`, token }, startMs)
  return { shop, token, dpop, key }
}

const boundInit = (token: string, dpop?: string): string =>
  JSON.stringify({
    type: 'connection_init',
    payload: { authorization: `DPoP ${token}`, ...(dpop !== undefined && { dpop }) },
  })

test('a token that is bound to a key comes in connection_init with its proof', async (context) => {
  const { shop, token, dpop } = await openBoundShop(context)
  const socket = await open(shop.url, undefined, { protocols })
  assert.equal(await say(socket, boundInit(token, dpop)), ack)
  await subscribed(socket, shop, 'subscription { prices }')
  const first = next(socket)
  shop.emit(1)
  assert.equal(await first, price(1))
  const end = ended(socket)
  shop.tick(10_000)
  assert.equal(await end, '4401 unauthorized')
})

test('without its proof, with one for another path, or one that was used, it opens nothing', async (context) => {
  const { shop, token, dpop, key } = await openBoundShop(context)
  const elsewhere = { method: 'GET', target: `${publicOrigin}/admin`, token }
  const first = await open(shop.url, undefined, { protocols })
  assert.equal(await say(first, boundInit(token, dpop)), ack)
  for (const proof of [undefined, await makeProof(key, elsewhere, startMs), dpop]) {
    const socket = await open(shop.url, undefined, { protocols })
    const end = ended(socket)
    socket.send(boundInit(token, proof))
    assert.equal(await end, '4401 unauthorized')
  }
})

test('a revocation ends it', async (context) => {
  const shop = await openShop(context)
  const socket = await open(shop.url, 'alice.10.read', { protocols })
  await say(socket, init())
  await subscribed(socket, shop, 'subscription { prices }')
  const end = ended(socket)
  shop.revocations.revoke({ subject: 'alice' })
  assert.equal(await end, '4401 unauthorized')
})

test('a renewal on the open connection lets it run on, with the new scopes', async (context) => {
  const shop = await openShop(context)
  const socket = await open(shop.url, 'alice.10.read', { protocols })
  await say(socket, init())
  await subscribed(socket, shop, 'subscription { prices }')
  assert.equal(await say(socket, renewal('alice.20.read')), done)
  shop.tick(15_000)
  const event = next(socket)
  shop.emit(1)
  assert.equal(await event, price(1))
  assert.equal(await say(socket, renewal('alice.30.write')), done)
  const denied = next(socket)
  shop.emit(2)
  assert.match(await denied, /"prices":null.*FORBIDDEN/)
})

const refusals = [
  ['nobody', init(), '4401 unauthorized'],
  ['a credential that is no good', init('mallory'), '4401 unauthorized'],
  ['an ended credential', init('expired'), '4401 unauthorized'],
  ['an outage', init('down'), '4503 temporarily_unavailable'],
  [
    'a broken credential',
    '{"type":"connection_init","payload":{"authorization":["Bearer alice","Bearer alice"]}}',
    '4400 invalid_request',
  ],
  [
    'two proofs in connection_init',
    '{"type":"connection_init","payload":{"authorization":"Bearer alice","dpop":["a","b"]}}',
    '4400 invalid_request',
  ],
  [
    'a proof without a token in connection_init',
    '{"type":"connection_init","payload":{"dpop":"a"}}',
    '4400 invalid_request',
  ],
  ['a subscription before connection_init', subscription('subscription { ticks }'), '4401 Unauthorized'],
] as const
for (const [name, message, expected] of refusals) {
  test(`${name} in the first message: ${expected}`, async (context) => {
    const shop = await openShop(context)
    const socket = await open(shop.url, undefined, { protocols })
    const end = ended(socket)
    socket.send(message)
    assert.equal(await end, expected)
  })
}

test("another caller's credential in connection_init ends the connection", async (context) => {
  const shop = await openShop(context)
  const socket = await open(shop.url, 'alice.10', { protocols })
  const end = ended(socket)
  socket.send(init('bob.10'))
  assert.equal(await end, '4401 unauthorized')
})

test('a socket that stays silent closes 4401 at the init time-out', async (context) => {
  const shop = await openShop(context, { initTimeoutSeconds: 2 })
  const end = ended(await open(shop.url, undefined, { protocols }))
  shop.tick(2_000)
  assert.equal(await end, '4401 unauthorized')
})

test('a bad credential at the upgrade is refused before 101', async (context) => {
  const shop = await openShop(context)
  await assert.rejects(open(shop.url, 'mallory', { protocols }), /got 401/)
})

const denials = [
  ['alice.10', 'subscription { prices }', 'FORBIDDEN'],
  [undefined, 'subscription { prices }', 'UNAUTHENTICATED'],
  [undefined, '{ me }', 'UNAUTHENTICATED'],
  ['alice.10', '{ secret }', 'FORBIDDEN'],
] as const
for (const [token, query, code] of denials) {
  test(`${query} of ${token ?? 'nobody'} is ${code}, and the connection goes on`, async (context) => {
    const shop = await openShop(context, { resources: { '/live': { optional: true } } })
    const socket = await open(shop.url, token, { protocols })
    assert.equal(await say(socket, init()), ack)
    assert.match(await say(socket, subscription(query)), new RegExp(code))
    assert.equal(shop.streams(), 0)
    await subscribed(socket, shop, 'subscription { ticks }')
  })
}

test('a stream ends with its credential where no connection does: over server-sent events, say', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  let nowMs = startMs
  const events = new EventEmitter()
  const services = createServices({ now: () => nowMs })
  const rules = compileAuth([{ provider: timedTokens() }], services)
  const schema = guardSchema(rules, liveSchema(events), services)
  const principal = toPrincipal({
    id: 'a',
    username: 'a',
    scheme: 'Bearer',
    scopes: ['read'],
    expiresAtSeconds: startMs / 1000 + 3,
  })
  const document = parse('subscription { prices }')
  const stream = await subscribe({ schema, document, contextValue: { principal } })
  assert.ok(Symbol.asyncIterator in stream)
  const first = stream.next()
  await once(events, 'newListener')
  await new Promise((resolve) => setImmediate(resolve))
  events.emit('price', 1)
  assert.deepEqual({ ...(await first).value?.data }, { prices: 1 })
  const last = stream.next()
  nowMs += 3_000
  context.mock.timers.tick(3_000)
  await assert.rejects(last, { extensions: { code: 'UNAUTHENTICATED' } })
  assert.equal((await stream.next()).done, true)
})
