import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createTestCa } from '../../../../../tools/test-ca.ts'
import { startMs } from '../../../test/timed-tokens.ts'
import { ended, next, say, serveSockets, track, textOf } from '../../../test/websocket-wire.ts'
import type { SocketOptions, SocketService } from '../../../test/websocket-wire.ts'
import { allowInsecureEndpoint, ok, refuse, Secret, toPrincipal } from '../../core/index.ts'
import type { CredentialSource, Need, Outgoing, Result } from '../../core/index.ts'
import { toServerOptions } from '../../tls/index.ts'
import { webSocketClient } from './client.ts'
import type { WebSocketClient, WebSocketClientConfig } from './client.ts'

/** A source that gives these tokens one after the other, one for each `next`; a token says when it ends. */
function sourceOf(...tokens: readonly string[]) {
  let index = 0
  const needs: Need[] = []
  const source: CredentialSource = {
    credential(need) {
      needs.push(need)
      if (need.refused !== undefined) index++
      return toOutgoing(tokens[Math.min(index, tokens.length - 1)]!)
    },
  }
  return { source, needs, next: () => index++ }
}

function toOutgoing(token: string): Result<Outgoing> {
  if (token === 'none') return refuse('unavailable', 'no token endpoint')
  const seconds = token.split('.')[1]
  return ok({
    kind: 'token',
    scheme: 'Bearer',
    token: new Secret(token),
    ...(seconds !== undefined && { expiresAtSeconds: startMs / 1000 + Number(seconds) }),
  })
}

interface Setup {
  readonly service: SocketService
  readonly client: WebSocketClient
}

async function connectTo(
  context: TestContext,
  source: CredentialSource | undefined,
  config: Partial<WebSocketClientConfig> = {},
  options: Partial<SocketOptions> = {},
): Promise<Setup & { readonly leap: (ms: number) => void }> {
  const service = await serveSockets(context, options)
  let nowMs = startMs
  const client = make({ url: service.url, ...(source && { auth: source }), ...config }, source, () => nowMs)
  context.after(() => client.close())
  return { service, client, leap: (ms) => (nowMs += ms) }
}

const propagation: CredentialSource = {
  credential: ({ caller }) =>
    caller?.credential === undefined
      ? refuse('missing', 'no caller')
      : toOutgoing(caller.credential.reveal()),
}

test('connects with its credential, and with a fresh one when it connects again', async (context) => {
  const { source, needs, next: renew } = sourceOf('alice.10', 'bob.20')
  const { client, service } = await connectTo(context, source)
  assert.equal(await say(await client.connect(), 'hello'), 'alice: hello')
  renew()
  assert.equal(await say(await client.connect(), 'hello'), 'bob: hello')
  assert.deepEqual(needs[0], { method: 'GET', target: service.url.replace('ws', 'http') })
})

test('a message that comes with the answer is not lost', async (context) => {
  const { source } = sourceOf('alice')
  const service = await serveSockets(context, {}, (socket) => socket.send('welcome'))
  const client = make({ url: service.url, auth: source }, source)
  assert.equal(await next(await client.connect()), 'welcome')
  await client.close()
})

test('connects on behalf of a caller', async (context) => {
  const { client } = await connectTo(context, undefined)
  const caller = {
    principal: toPrincipal({ id: 'a', username: 'a', scheme: 'Bearer' }),
    credential: new Secret('bob'),
  }
  assert.equal(await say(await client.connect('', { caller }), 'hello'), 'bob: hello')
  await assert.rejects(client.connect(), { name: 'HandshakeError', status: 401, challenges: ['Bearer'] })
})

test('renews once after a 401, and not when nothing changed', async (context) => {
  const { source, needs } = sourceOf('mallory', 'alice', 'bob')
  const { client, service } = await connectTo(context, source)
  assert.equal(await say(await client.connect(), 'hello'), 'alice: hello')
  assert.deepEqual(needs[1]?.refused?.metadata('WWW-Authenticate'), ['Bearer error="invalid"'])
  const stubborn = sourceOf('mallory')
  const other = make({ url: service.url, auth: stubborn.source }, stubborn.source)
  await assert.rejects(other.connect(), { name: 'HandshakeError', status: 401 })
  assert.equal(stubborn.needs.length, 2)
})

test('a second refusal is the answer', async (context) => {
  const { source, needs } = sourceOf('mallory', 'expired', 'alice')
  const { client } = await connectTo(context, source)
  await assert.rejects(client.connect(), { name: 'HandshakeError', status: 401 })
  assert.equal(needs.length, 2)
})

test('a refusal that another credential would not change is not tried again', async (context) => {
  const { source, needs } = sourceOf('down', 'alice')
  const { client } = await connectTo(context, source)
  await assert.rejects(client.connect(), { name: 'HandshakeError', status: 503 })
  assert.equal(needs.length, 1)
})

test('does not connect without a credential', async (context) => {
  const { source } = sourceOf('none')
  const { client, service } = await connectTo(context, source)
  await assert.rejects(client.connect(), { name: 'CredentialError', code: 'unavailable' })
  assert.deepEqual(service.provider.calls, [])
})

test('a redirect is not followed', async (context) => {
  const { source } = sourceOf('alice')
  const server = createServer()
  server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 302 Found\r\nLocation: /live\r\n\r\n'))
  const { url, provider } = await serveSockets(context, {}, undefined, server)
  const client = make({ url: url.replace('live', 'moved'), auth: source }, source)
  await assert.rejects(client.connect(), { name: 'HandshakeError', status: 302 })
  assert.deepEqual(provider.calls, [])
})

test('sends the next credential before the old one ends, and hides that from its user', async (context) => {
  const tokens = sourceOf('alice.10', 'alice.20', 'alice.30')
  const { client, service, leap } = await connectTo(
    context,
    tokens.source,
    { inBand: true },
    { inBand: 'renew' },
  )
  const socket = await client.connect()
  const heard: string[] = []
  socket.on('message', (data) => heard.push(textOf(data)))
  for (const [second, expected] of [
    [8.5, 'alice.20'],
    [10, 'alice.30'],
  ] as const) {
    tokens.next()
    leap(second * 1000)
    service.tick(second * 1000)
    await say(socket, 'still')
    assert.equal(service.provider.calls.at(-1), `AUTHENTICATE /live ${expected}`)
  }
  assert.deepEqual(heard, ['alice: still', 'alice: still'])
})

test('without another credential it asks again in half of the time, and the server ends it', async (context) => {
  const tokens = sourceOf('alice.10')
  const { client, service, leap } = await connectTo(
    context,
    tokens.source,
    { inBand: true },
    { inBand: 'renew' },
  )
  const socket = await client.connect()
  const end = ended(socket)
  for (let tick = 0; tick < 10; tick++) {
    leap(1000)
    service.tick(1000)
  }
  assert.equal(await end, '4401 unauthorized')
  assert.equal(tokens.needs.length, 3)
})

test('a refusal for the moment is followed by another try', async (context) => {
  const tokens = sourceOf('alice.10', 'down', 'alice.30')
  const { client, service, leap } = await connectTo(
    context,
    tokens.source,
    { inBand: true },
    { inBand: 'renew' },
  )
  const socket = await client.connect()
  tokens.next()
  leap(8500)
  service.tick(8500)
  await say(socket, 'still')
  assert.equal(service.provider.calls.at(-1), 'AUTHENTICATE /live down')
  tokens.next()
  leap(1499)
  service.tick(1499)
  await say(socket, 'still')
  assert.equal(service.provider.calls.length, 2)
})

test('over TLS the server is verified', async (context) => {
  const [pki, strangers] = await Promise.all([createTestCa(), createTestCa()])
  context.after(() => Promise.all([pki.remove(), strangers.remove()]))
  const server = createTlsServer(toServerOptions({ key: pki.server }, 'tls'))
  const service = await serveSockets(context, {}, undefined, server)
  const url = `wss://localhost:${service.port}`
  const connect = (config: Partial<WebSocketClientConfig>): Promise<string> => {
    const { source } = sourceOf('alice')
    const client = make({ url, auth: source, ...config }, source)
    return client.connect('live').then((socket) => say(socket, 'hello'))
  }
  assert.equal(await connect({ secureSocket: { cert: pki.caFile } }), 'alice: hello')
  await assert.rejects(connect({ secureSocket: { cert: strangers.caFile } }), {
    code: /SIGNATURE|VERIFY|SELF_SIGNED/,
  })
  await assert.rejects(connect({}), { code: /VERIFY|SELF_SIGNED/ })
  const wrongName = { cert: pki.caFile, serverName: 'other.example' }
  await assert.rejects(connect({ secureSocket: wrongName }), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  assert.equal(await connect({ secureSocket: { ...wrongName, verifyHostName: false } }), 'alice: hello')
})

const mistakes = [
  [{ url: 'ws://orders.example' }, 'url'],
  [{ url: 'http://orders.example' }, 'url'],
  [{ url: 'wss://alice:secret@orders.example' }, 'url'],
  [{ url: 'wss://orders.example?token=x' }, 'url'],
  [{ url: '/live' }, 'url'],
  [{ url: 'wss://orders.example', maxFrameSize: 0 }, 'maxFrameSize'],
  [{ url: 'wss://orders.example', handShakeTimeout: 0 }, 'handShakeTimeout'],
  [{ url: 'wss://orders.example', secureSocket: { cert: '/no/ca.crt' } }, 'secureSocket.cert'],
] as const
for (const [config, path] of mistakes) {
  test(`does not start: ${JSON.stringify(config)}`, () => {
    assert.throws(() => make(config), { code: 'config', path })
  })
}

test('plain ws off loopback is possible where the code says so', () => {
  make({ url: 'ws://orders.example', [allowInsecureEndpoint]: true })
})

for (const path of ['../admin', 'a/../../admin', '/../admin']) {
  test(`a path cannot leave the url: ${path}`, async () => {
    const client = make({ url: 'wss://orders.example/live' })
    await assert.rejects(client.connect(path), TypeError)
  })
}

function make(
  config: WebSocketClientConfig,
  source?: CredentialSource,
  now: () => number = () => startMs,
): WebSocketClient {
  const credentialSource = (auth: unknown): CredentialSource => (auth === source ? source! : propagation)
  const client = webSocketClient(config, { now, credentialSource })
  return { ...client, connect: async (...args) => track(await client.connect(...args)) }
}
