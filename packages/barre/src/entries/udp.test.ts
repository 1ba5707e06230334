import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import { after, test } from 'node:test'
import type { TestContext } from 'node:test'
import { createTestCa } from '../../../../tools/test-ca.ts'
import { createNumbers } from '../../test/mutate.ts'
import { allowInsecureEndpoint, createRevocations } from '../core/index.ts'
import { createClient, createServer } from './udp.ts'
import type { DtlsClientConfig, DtlsConnection, ServerOptions } from './udp.ts'

const pki = await createTestCa()
const strangers = await createTestCa()
after(() => Promise.all([pki.remove(), strangers.remove()]))
const rsa = await pki.issue('rsa', { dnsNames: ['localhost'], algorithm: 'RSA' })
const key = randomBytes(16).toString('hex')
const sharedKeys = { sensor: key }
const byKey = { host: '127.0.0.1', sharedKey: { identity: 'sensor', key } }
const trusting = { host: 'localhost', secureSocket: { cert: pki.caFile } }

/** A server that says to whom it repeats what. */
async function serve(context: TestContext, options: Partial<ServerOptions> = { sharedKeys }) {
  const connections: DtlsConnection[] = []
  const server = createServer({ auth: false, ...options }, (connection, { principal }) => {
    connections.push(connection)
    connection.onMessage((data) => {
      connection.send(Buffer.from(`${principal?.username ?? 'somebody'}: ${data.toString()}`))
    })
  })
  context.after(() => server.close())
  const { port } = await server.listen({ port: 0 })
  return { server, port, connections }
}

async function connect(context: TestContext, config: DtlsClientConfig): Promise<DtlsConnection> {
  const client = createClient(config)
  context.after(() => client.close())
  return client.connect()
}

async function ask(connection: DtlsConnection, question = 'hello'): Promise<string> {
  const answer = new Promise<Buffer>((resolve) => connection.onMessage(resolve))
  connection.send(Buffer.from(question))
  return (await answer).toString()
}

test('a client with a pre-shared key is known, and its connection ends when it is revoked', async (context) => {
  const revocations = createRevocations()
  const auth = [{ preSharedKeyConfig: { identities: { sensor: ['report'] } }, scopes: 'report' }]
  const { port } = await serve(context, { sharedKeys, auth, services: { revocations } })
  const connection = await connect(context, { ...byKey, port })
  assert.equal(await ask(connection), 'psk:sensor: hello')
  const closed = new Promise<unknown>((resolve) => connection.onClose(resolve))
  revocations.revoke({ subject: 'psk:sensor' })
  assert.equal(((await closed) as { code?: string }).code, 'access_denied')
})

for (const [kind, pair] of [
  ['ECDSA', pki.server],
  ['RSA', rsa],
] as const) {
  test(`a server with an ${kind} certificate and keys serves both kinds of clients`, async (context) => {
    const { port } = await serve(context, { secureSocket: { key: pair }, sharedKeys })
    assert.equal(await ask(await connect(context, { ...trusting, port })), 'somebody: hello')
    assert.equal(await ask(await connect(context, { ...byKey, port })), 'somebody: hello')
  })
}

const distrusted = [
  ['of another authority', { cert: strangers.caFile }, 'unknown_ca'],
  ['that the system does not know', {}, 'unknown_ca'],
  ['of another name', { cert: pki.caFile, serverName: 'other.internal' }, 'bad_certificate'],
] as const
for (const [who, secureSocket, code] of distrusted) {
  test(`a client does not connect to a server ${who}`, async (context) => {
    const { port, connections } = await serve(context, { secureSocket: { key: pki.server } })
    const connecting = connect(context, { host: 'localhost', port, secureSocket })
    await assert.rejects(connecting, { name: 'DtlsError', code, isFromPeer: false })
    assert.deepEqual(connections, [])
  })
}

test('verifyHostName and enable do what they say', async (context) => {
  const { port } = await serve(context, { secureSocket: { key: pki.server } })
  for (const secureSocket of [
    { cert: pki.caFile, serverName: 'other.internal', verifyHostName: false },
    { enable: false, [allowInsecureEndpoint]: true },
  ]) {
    await connect(context, { host: '127.0.0.1', port, secureSocket })
  }
})

const certificate = { key: pki.server }
const auth = [{ mutualTlsConfig: { anyFromCa: [] } }]
const refusedStarts: readonly (readonly [claim: string, options: Partial<ServerOptions>, path: string])[] = [
  ['there is neither a certificate nor a key', {}, 'secureSocket'],
  ['certificates are judged and none is asked for', { auth, secureSocket: certificate }, 'auth'],
  ['certificates are judged and there are keys alone', { auth, sharedKeys }, 'auth'],
  [
    'keys are judged and there are none',
    { auth: [{ preSharedKeyConfig: { identities: { a: [] } } }], secureSocket: certificate },
    'auth',
  ],
  ['a key is short', { sharedKeys: { a: 'ab'.repeat(15) } }, 'sharedKeys["a"]'],
  ['a key is not hexadecimal', { sharedKeys: { a: 'x'.repeat(64) } }, 'sharedKeys["a"]'],
  ['an identity is long', { sharedKeys: { ['a'.repeat(129)]: key } }, `sharedKeys["${'a'.repeat(129)}"]`],
  ['there are no keys', { sharedKeys: {} }, 'sharedKeys'],
  [
    'the wire would be TLS',
    { secureSocket: { ...certificate, protocol: { name: 'TLS' } } },
    'secureSocket.protocol.name',
  ],
  [
    'the version would be 1.0',
    { secureSocket: { ...certificate, protocol: { name: 'DTLS', versions: ['DTLSv1.0'] } } },
    'secureSocket.protocol.versions[0]',
  ],
  [
    'sessions would be resumed',
    { secureSocket: { ...certificate, shareSession: true } },
    'secureSocket.shareSession',
  ],
  [
    'sessions would last',
    { secureSocket: { ...certificate, sessionTimeout: 9 } },
    'secureSocket.sessionTimeout',
  ],
  [
    'a cipher is CBC',
    { secureSocket: { ...certificate, ciphers: ['ECDHE-RSA-AES128-SHA256'] } },
    'secureSocket.ciphers[0]',
  ],
  [
    'no cipher goes with the key',
    { secureSocket: { ...certificate, ciphers: ['ECDHE-RSA-AES128-GCM-SHA256'] } },
    'secureSocket.ciphers',
  ],
  [
    'revocation lists are wanted',
    { secureSocket: { ...certificate, certValidation: { cacheSize: 1, cacheValidityPeriod: 1 } } },
    'secureSocket.certValidation',
  ],
  ['a datagram would be tiny', { sharedKeys, datagramMaxBytes: 255 }, 'datagramMaxBytes'],
]
for (const [claim, options, path] of refusedStarts) {
  test(`a server does not start where ${claim}`, () => {
    assert.throws(() => createServer({ auth: false, ...options }, () => undefined), { code: 'config', path })
  })
}

const refusedClients: readonly (readonly [claim: string, config: Partial<DtlsClientConfig>, path: string])[] =
  [
    ['it has a key and certificates', { ...byKey, secureSocket: { cert: pki.caFile } }, 'sharedKey'],
    ['its key is short', { sharedKey: { identity: 'a', key: '00' } }, 'sharedKey.key'],
    ['nothing would be verified', { secureSocket: { enable: false } }, 'secureSocket.enable'],
    [
      'its ciphers are for keys',
      { secureSocket: { ciphers: ['PSK-AES128-GCM-SHA256'] } },
      'secureSocket.ciphers',
    ],
  ]
for (const [claim, config, path] of refusedClients) {
  test(`a client does not start where ${claim}`, () => {
    assert.throws(() => createClient({ host: '127.0.0.1', port: 1, ...config }), { code: 'config', path })
  })
}

/** A socket of nobody's. */
async function bare(context: TestContext): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  context.after(() => socket.close())
  return socket
}

/** The ClientHello of a client that nobody answers. */
async function firstHello(context: TestContext): Promise<Buffer> {
  const silent = await bare(context)
  const heard = once(silent, 'message') as Promise<[Buffer]>
  const client = createClient({ ...byKey, port: silent.address().port, connectTimeout: 0.1 })
  const failed = assert.rejects(client.connect(), { code: 'timeout' })
  const [hello] = await heard
  await failed
  return hello
}

test('a flood of hellos takes no place, and no answer is longer than its question', async (context) => {
  const { port } = await serve(context, { sharedKeys, unauthenticatedMax: 1 })
  const hello = await firstHello(context)
  const flooder = await bare(context)
  const answers: Buffer[] = []
  flooder.on('message', (answer) => answers.push(answer))
  for (let count = 0; count < 200; count++) {
    // Each one of another client, as it says.
    randomBytes(32).copy(hello, 27)
    flooder.send(hello, port, '127.0.0.1')
  }
  assert.equal(await ask(await connect(context, { ...byKey, port })), 'somebody: hello')
  assert.ok(answers.length > 0)
  assert.ok(answers.every((answer) => answer.length <= hello.length))
})

test("another address's cookie is as good as none", async (context) => {
  const { port } = await serve(context, { sharedKeys })
  const [one, other] = [await bare(context), await bare(context)]
  const seen: Buffer[] = []
  const relay = await bare(context)
  relay.on('message', (datagram, from) => {
    seen.push(datagram)
    if (from.port !== port) one.send(datagram, port, '127.0.0.1')
  })
  one.on('message', (answer) => relay.send(answer, clientPort(), '127.0.0.1'))
  let client: number | undefined
  const clientPort = (): number => client!
  relay.once('message', (_, from) => (client = from.port))
  await connect(context, { ...byKey, port: relay.address().port })
  // The second hello holds the cookie that was made for `one`.
  const withCookie = seen[1]!
  const answered = once(other, 'message') as Promise<[Buffer]>
  other.send(withCookie, port, '127.0.0.1')
  const helloVerifyRequest = 3
  assert.equal((await answered)[0][13], helloVerifyRequest)
})

test('a connection is made and used over a network that loses, doubles and delays', async (context) => {
  const { port } = await serve(context, { secureSocket: { key: pki.server }, retransmitSeconds: 0.02 })
  for (let seed = 1; seed <= 5; seed++) {
    const relay = await relayTo(context, port, seed)
    const connection = await connect(context, {
      ...trusting,
      host: '127.0.0.1',
      port: relay.port,
      retransmitSeconds: 0.02,
    })
    relay.mend()
    assert.equal(await ask(connection), 'somebody: hello')
  }
})

/** A way to a server that a seed decides about, until it is mended. */
async function relayTo(context: TestContext, port: number, seed: number) {
  const [near, far] = [await bare(context), await bare(context)]
  const numbers = createNumbers(seed)
  let isMended = false
  let client = 0
  let held: (() => void) | undefined
  const pass = (go: () => void): void => {
    const fate = isMended ? 9 : numbers(10)
    if (fate < 3) return
    if (fate < 5) {
      held = go
      return
    }
    go()
    if (fate === 5) go()
    held?.()
    held = undefined
  }
  near.on('message', (datagram, from) => {
    client = from.port
    pass(() => far.send(datagram, port, '127.0.0.1'))
  })
  far.on('message', (datagram) => pass(() => near.send(datagram, client, '127.0.0.1')))
  return { port: near.address().port, mend: () => (isMended = true) }
}

test('a client that begins anew from its port replaces its connection, once it is let in', async (context) => {
  const { port, connections } = await serve(context, { sharedKeys })
  const near = await bare(context)
  const far = await bare(context)
  let client = 0
  near.on('message', (datagram, from) => {
    client = from.port
    far.send(datagram, port, '127.0.0.1')
  })
  far.on('message', (datagram) => near.send(datagram, client, '127.0.0.1'))
  const through = { ...byKey, port: near.address().port }
  assert.equal(await ask(await connect(context, through)), 'somebody: hello')
  const old = new Promise((resolve) => connections[0]!.onClose(resolve))
  // A hello from the same address is not enough to end it.
  far.send(await firstHello(context), port, '127.0.0.1')
  assert.equal(connections.length, 1)
  const anew = await connect(context, through)
  assert.equal(await ask(anew), 'somebody: hello')
  await old
  assert.equal(connections.length, 2)
})

test('who is not let in in time loses the place, and who is silent the connection', async (context) => {
  const { port } = await serve(context, { sharedKeys, connectionsMax: 1, idleTimeoutSeconds: 1 })
  const connection = await connect(context, { ...byKey, port })
  const closed = new Promise((resolve) => connection.onClose(resolve))
  await assert.rejects(connect(context, { ...byKey, port, connectTimeout: 0.2 }), { code: 'timeout' })
  assert.equal(await closed, undefined)
  assert.equal(await ask(await connect(context, { ...byKey, port })), 'somebody: hello')
})

test('datagrams that are nothing are answered by nothing', async (context) => {
  const { port } = await serve(context)
  const socket = await bare(context)
  const heard: Buffer[] = []
  socket.on('message', (answer) => heard.push(answer))
  for (const datagram of [
    '',
    '00',
    '16fefd',
    'ff'.repeat(100),
    `16fefd${'00'.repeat(8)}ffff`,
    `15fefd${'00'.repeat(8)}00020228`,
  ]) {
    socket.send(Buffer.from(datagram, 'hex'), port, '127.0.0.1')
  }
  assert.equal(await ask(await connect(context, { ...byKey, port })), 'somebody: hello')
  assert.deepEqual(heard, [])
})
