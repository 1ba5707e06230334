import assert from 'node:assert/strict'
import { once } from 'node:events'
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { connect as connectTcp } from 'node:net'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { TestContext } from 'node:test'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { createTestCa } from '../../../../tools/test-ca.ts'
import { allowInsecureEndpoint, allowInsecureListener, ok, toPrincipal } from '../core/index.ts'
import type { Provider } from '../core/index.ts'
import { createClient, createServer } from './tcp.ts'
import type { ConnectionContext, ServerOptions } from './tcp.ts'

const pki = await createTestCa()
const strangers = await createTestCa()
after(() => Promise.all([pki.remove(), strangers.remove()]))
const ca = pki.ca.cert

const secureSocket = { key: pki.server, mutualSsl: { cert: pki.caFile } }
const auth = [{ mutualTlsConfig: { identities: { 'cn:client': ['orders'] } } }]
const clientPair = { cert: await readFile(pki.client.certFile), key: await readFile(pki.client.keyFile) }

function greet(socket: Socket, { principal }: ConnectionContext): void {
  socket.end(`hello ${principal?.username ?? 'somebody'}`)
}

async function serve(
  context: TestContext,
  options: Partial<ServerOptions>,
  handler = greet,
  host = '127.0.0.1',
) {
  const server = createServer({ auth: false, ...options }, handler)
  context.after(() => server.close())
  const { port } = await server.listen({ port: 0, host })
  return { server, port }
}

/** All that a server says until it ends the connection; an error where it says nothing. */
async function hear(socket: Socket): Promise<string> {
  const parts: Buffer[] = []
  socket.on('data', (part) => parts.push(part))
  await once(socket, 'close')
  if (parts.length === 0) throw new Error('ended without a word')
  return Buffer.concat(parts).toString()
}

const dial = (port: number, options: ConnectionOptions = {}): TLSSocket =>
  connectTls({ port, host: '127.0.0.1', ca, ...clientPair, ...options })

test('a client and a server know each other by their certificates', async (context) => {
  const { port } = await serve(context, { auth, secureSocket })
  const client = createClient({
    host: 'localhost',
    port,
    secureSocket: { cert: pki.caFile, key: pki.client },
  })
  assert.equal(await hear(await client.connect()), 'hello cn:client')
})

const distrusted = [
  ['of another authority', { cert: strangers.caFile }, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ['of another name', { cert: pki.caFile, serverName: 'other.internal' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  [
    'that speaks no TLS 1.3',
    { cert: pki.caFile, protocol: { name: 'TLS', versions: ['TLSv1.3'] } },
    /^ERR_SSL/,
  ],
] as const
for (const [who, trust, code] of distrusted) {
  test(`a client does not connect to a server ${who}`, async (context) => {
    const protocol = { name: 'TLS', versions: ['TLSv1.2'] } as const
    const { port } = await serve(context, { secureSocket: { key: pki.server, protocol } })
    await assert.rejects(createClient({ host: '127.0.0.1', port, secureSocket: trust }).connect(), { code })
  })
}

test('a client speaks TLS to what is not loopback, unless told otherwise', async (context) => {
  const { port } = await serve(context, {})
  // The same machine by a name that is not known as such.
  const host = '::ffff:127.0.0.1'
  await assert.rejects(createClient({ host, port }).connect(), { code: /^ERR_SSL|ECONNRESET/ })
  await assert.rejects(createClient({ host: '127.0.0.1', port, secureSocket: {} }).connect())
  const plain = createClient({ host, port, [allowInsecureEndpoint]: true })
  assert.equal(await hear(await plain.connect()), 'hello somebody')
  assert.equal(await hear(await createClient({ host: '127.0.0.1', port }).connect()), 'hello somebody')
})

for (const shareSession of [true, false]) {
  test(`a session is resumed or not, as shareSession: ${shareSession} says`, async (context) => {
    const protocol = { name: 'TLS', versions: ['TLSv1.2'] } as const
    const { port } = await serve(context, { secureSocket: { key: pki.server, protocol } })
    const client = createClient({ host: 'localhost', port, secureSocket: { cert: pki.caFile, shareSession } })
    await hear(await client.connect())
    const again = (await client.connect()) as TLSSocket
    assert.equal(again.isSessionReused(), shareSession)
    await hear(again)
  })
}

test('a client gives up on a server that does not answer', async (context) => {
  const { port } = await serve(context, {}, () => undefined)
  const secure = { cert: pki.caFile, handshakeTimeout: 0.05 }
  await assert.rejects(createClient({ host: '127.0.0.1', port, secureSocket: secure }).connect(), {
    code: 'ETIMEDOUT',
  })
})

const refusedStarts: readonly (readonly [claim: string, options: Partial<ServerOptions>, path: string])[] = [
  ['certificates are judged and none is asked for', { auth, secureSocket: { key: pki.server } }, 'auth'],
  ['certificates are judged in clear text', { auth }, 'auth'],
  [
    'the wire would be DTLS',
    { secureSocket: { ...secureSocket, protocol: { name: 'DTLS' } } },
    'secureSocket.protocol.name',
  ],
  [
    'the key belongs to another certificate',
    { secureSocket: { key: { ...pki.server, keyFile: pki.client.keyFile } } },
    'secureSocket.key.keyFile',
  ],
  ['a limit is no number', { unauthenticatedMax: 0 }, 'unauthenticatedMax'],
]
for (const [claim, options, path] of refusedStarts) {
  test(`a server does not start where ${claim}`, () => {
    assert.throws(() => createServer({ auth: false, ...options }, greet), { code: 'config', path })
  })
}

/** Whoever comes from this machine. */
const neighbours: Provider<string> = {
  schemes: [],
  read: ({ peer }) => (peer.address === undefined ? undefined : ok(peer.address)),
  verify: (address) =>
    ok({ principal: toPrincipal({ id: address, username: address, scheme: 'address', scopes: [] }) }),
  challenges: () => [],
}

test('callers are judged in clear text on loopback, or where somebody insists', async (context) => {
  const judged = { auth: [{ provider: neighbours }] }
  const { port } = await serve(context, judged)
  assert.equal(await hear(connectTcp(port, '127.0.0.1')), 'hello 127.0.0.1')
  await assert.rejects(serve(context, judged, greet, '0.0.0.0'), { code: 'config', path: 'auth' })
  await serve(context, { ...judged, [allowInsecureListener]: true }, greet, '0.0.0.0')
  await serve(context, {}, greet, '0.0.0.0')
})

test('nothing that a refused caller sent is read', async (context) => {
  const heard: string[] = []
  const { port } = await serve(
    context,
    { auth: [{ mutualTlsConfig: { identities: { 'cn:x': [] } } }], secureSocket },
    (socket) => socket.on('data', (data) => heard.push(String(data))),
  )
  const socket = dial(port)
  socket.on('error', () => undefined)
  socket.write('let me in')
  await assert.rejects(hear(socket), /without a word/)
  assert.deepEqual(heard, [])
})

test('who does not finish the handshake takes a bounded number of places, and loses it in time', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const { port } = await serve(context, { auth, secureSocket, unauthenticatedMax: 2, initTimeoutSeconds: 3 })
  const silent = [connectTcp(port, '127.0.0.1'), connectTcp(port, '127.0.0.1')]
  await Promise.all(silent.map((socket) => once(socket, 'connect')))
  const late = dial(port)
  late.on('error', () => undefined)
  await assert.rejects(hear(late))
  context.mock.timers.tick(3000)
  await Promise.all(silent.map((socket) => once(socket.resume(), 'close')))
  for (let calls = 0; calls < 5; calls++) assert.equal(await hear(dial(port)), 'hello cn:client')
})

test('a failed handshake gives its place back', async (context) => {
  const { port } = await serve(context, { auth, secureSocket, unauthenticatedMax: 1 })
  for (let calls = 0; calls < 3; calls++) {
    const stranger = dial(port, { cert: undefined, key: undefined })
    stranger.on('error', () => undefined)
    await assert.rejects(hear(stranger))
  }
  assert.equal(await hear(dial(port)), 'hello cn:client')
})

test('more than connectionsMax connections are not accepted', async (context) => {
  const { port } = await serve(context, { connectionsMax: 1 }, () => undefined)
  const first = connectTcp(port, '127.0.0.1')
  await once(first, 'connect')
  await assert.rejects(hear(connectTcp(port, '127.0.0.1')))
  first.destroy()
})

test('new connections see a renewed certificate', async (context) => {
  const directory = join(pki.directory, 'renewed')
  await mkdir(directory)
  const key = { certFile: join(directory, 'tls.crt'), keyFile: join(directory, 'tls.key') }
  const put = async (name: string): Promise<void> => {
    const made = await pki.issue(name, {
      commonName: name,
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1'],
    })
    await copyFile(made.keyFile, key.keyFile)
    await copyFile(made.certFile, key.certFile)
  }
  await put('before')
  let loaded: (() => void) | undefined
  const log = { debug() {}, warn() {}, error() {}, info: () => loaded?.() }
  const { port } = await serve(context, { secureSocket: { key }, services: { log } })
  const shown = async (): Promise<unknown> => {
    const socket = dial(port)
    await once(socket, 'secureConnect')
    const name = socket.getPeerCertificate().subject.CN
    await hear(socket)
    return name
  }
  assert.equal(await shown(), 'before')
  const reloaded = new Promise<void>((resolve) => (loaded = resolve))
  await put('after')
  await reloaded
  assert.equal(await shown(), 'after')
})

test('closing ends the connections', async (context) => {
  const { port, server } = await serve(context, { auth, secureSocket }, (socket) => socket.write('welcome'))
  const socket = dial(port)
  await once(socket, 'data')
  await Promise.all([server.close(), once(socket, 'close')])
})
