// Why: gRPC and Connect open and take connections by libraries of their own, which need not do what a field says.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createSecureServer } from 'node:http2'
import { connect, createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { after, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { toJson } from '@bufbuild/protobuf'
import type { DescMethodUnary } from '@bufbuild/protobuf'
import { StructSchema } from '@bufbuild/protobuf/wkt'
import { Client, status } from '@grpc/grpc-js'
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js'
import { Code, ConnectError } from '@connectrpc/connect'
import type { HandlerContext } from '@connectrpc/connect'
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node'
import { principalOf as connectPrincipalOf, protect, transportOptions } from 'barre/connect'
import { allowInsecureEndpoint, ConfigError } from 'barre/core'
import type { ClientSecureSocket, ListenerSecureSocket, Services } from 'barre/core'
import { createClient, createServer, principalOf } from 'barre/grpc'
import { recheckMs, toServerOptions } from 'barre/tls'
import { createTestCa } from '../tools/test-ca.ts'
import { Cells } from './harness/cells.ts'
import { describeMethods, toStruct } from './transports/connect-calls.ts'
import { fromBytes, jsonMessages, toBytes } from './transports/grpc-calls.ts'

const [ca, strangers] = await Promise.all([createTestCa(), createTestCa()])
after(() => Promise.all([ca.remove(), strangers.remove()]))
const cells = new Cells('field of secureSocket', 'wire')
const other = await ca.issue('other', { dnsNames: ['other.example'] })
const auth = [{ mutualTlsConfig: { anyFromCa: [] } }] as const
const resources = { 'test.Tls': { optional: true } } as const

interface Serving {
  readonly port: number
  close(): unknown
}

interface Calling {
  /** The name of the certificate that was seen, or how the call failed. */
  call(): Promise<string>
  close(): unknown
}

interface Wire {
  serve(secureSocket: ListenerSecureSocket): Promise<Serving>
  /** Throws ConfigError. */
  open(port: number, secureSocket: ClientSecureSocket, services?: Partial<Services>): Calling
}

const who = { path: '/test.Tls/who', requestStream: false, responseStream: false, ...jsonMessages }

function answerGrpc(call: ServerUnaryCall<unknown, unknown>, done: sendUnaryData<unknown>): void {
  done(null, { name: principalOf(call)?.username ?? 'nobody' })
}

const grpc: Wire = {
  async serve(secureSocket) {
    const server = createServer({ auth, resources, secureSocket })
    server.addService({ who }, { who: answerGrpc })
    return { port: await server.listen('127.0.0.1:0'), close: () => server.forceShutdown() }
  },
  open(port, secureSocket, services = {}) {
    const client = createClient(Client, { url: `https://localhost:${port}`, secureSocket, services })
    return {
      call: () =>
        new Promise((resolve) => {
          client.makeUnaryRequest(who.path, toBytes, fromBytes, {}, (error, value) =>
            resolve(error === null ? (value as { name: string }).name : status[error.code].toLowerCase()),
          )
        }),
      close: () => client.close(),
    }
  },
}

function answerConnect(_: unknown, context: HandlerContext): object {
  return toStruct({ name: connectPrincipalOf(context)?.username ?? 'nobody' })
}

const [described] = describeMethods([['Tls', 'who', false, false]])

/** Connect by HTTP/1.1 and its own protocol, or by HTTP/2 and gRPC. */
function connectBy(
  toTransport: (options: ReturnType<typeof transportOptions>) => ReturnType<typeof createGrpcTransport>,
): Wire {
  return {
    async serve(secureSocket) {
      const listener = protect({
        auth,
        resources,
        routes: (router) => router.service(described!, { who: answerConnect } as object),
      })
      const server = createSecureServer(
        { ...toServerOptions(secureSocket, 'secureSocket'), allowHTTP1: true },
        listener,
      )
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return { port: (server.address() as AddressInfo).port, close: () => server.close() }
    },
    open(port, secureSocket, services = {}) {
      const options = transportOptions({ baseUrl: `https://localhost:${port}`, secureSocket, services })
      const transport = toTransport(options)
      const method = described!.methods[0] as DescMethodUnary<typeof StructSchema, typeof StructSchema>
      return {
        async call() {
          try {
            const { message } = await transport.unary(method, undefined, undefined, undefined, {})
            const { name } = toJson(StructSchema, message)
            return typeof name === 'string' ? name : ''
          } catch (error) {
            return Code[ConnectError.from(error).code].toLowerCase()
          }
        },
        close: () => options.close(),
      }
    },
  }
}

const wires: Readonly<Record<string, Wire>> = {
  grpc,
  'connect over HTTP/1.1': connectBy((options) =>
    createConnectTransport({ ...options, httpVersion: '1.1', useBinaryFormat: true }),
  ),
  'connect over HTTP/2': connectBy((options) => createGrpcTransport(options)),
}

const trusted = { cert: ca.caFile }
const key = ca.server
const versions = (...list: readonly string[]) => ({ protocol: { name: 'TLS' as const, versions: list } })
const withCertificate = { ...trusted, key: ca.client }
const required = { key, mutualSsl: { cert: ca.caFile } }
const optional = { key, mutualSsl: { cert: ca.caFile, verifyClient: 'OPTIONAL' as const } }
const certificate = 'spiffe://test/client'

/** What both sides say, and what comes of it; `refused` by whichever side. */
const rows: readonly (readonly [
  field: string,
  server: ListenerSecureSocket,
  client: ClientSecureSocket,
  expect: string,
])[] = [
  ['cert', optional, trusted, 'nobody'],
  ['cert of another authority', optional, { cert: strangers.caFile }, 'refused'],
  ['cert absent', optional, {}, 'refused'],
  ['enable false', optional, { enable: false, [allowInsecureEndpoint]: true }, 'nobody'],
  ['key', required, withCertificate, certificate],
  ['key absent', required, trusted, 'refused'],
  ['key of another authority', required, { ...trusted, key: strangers.client }, 'refused'],
  ['key, which is optional', optional, withCertificate, certificate],
  ['verifyHostName', { ...optional, key: other }, trusted, 'refused'],
  ['verifyHostName false', { ...optional, key: other }, { ...trusted, verifyHostName: false }, 'nobody'],
  ['serverName', { ...optional, key: other }, { ...trusted, serverName: 'other.example' }, 'nobody'],
  ['serverName of another', optional, { ...trusted, serverName: 'other.example' }, 'refused'],
  ['protocol', { ...optional, ...versions('TLSv1.2') }, { ...trusted, ...versions('TLSv1.2') }, 'nobody'],
  [
    'protocol of the server',
    { ...optional, ...versions('TLSv1.2') },
    { ...trusted, ...versions('TLSv1.3') },
    'refused',
  ],
  [
    'protocol of the client',
    { ...optional, ...versions('TLSv1.3') },
    { ...trusted, ...versions('TLSv1.2') },
    'refused',
  ],
  [
    'ciphers',
    { ...optional, ciphers: ['TLS_AES_128_GCM_SHA256'] },
    { ...trusted, ciphers: ['TLS_AES_128_GCM_SHA256'] },
    'nobody',
  ],
  [
    'ciphers of either',
    { ...optional, ciphers: ['TLS_AES_128_GCM_SHA256'] },
    { ...trusted, ciphers: ['TLS_AES_256_GCM_SHA384'] },
    'refused',
  ],
  ['shareSession', { ...optional, shareSession: false }, { ...trusted, shareSession: false }, 'nobody'],
  ['sessionTimeout', { ...optional, sessionTimeout: 5 }, { ...trusted, sessionTimeout: 5 }, 'nobody'],
]

/** How the libraries say that there is no connection. */
const failures: ReadonlySet<string> = new Set(['unavailable', 'internal', 'unknown', 'aborted', 'canceled'])

/** What must not start, and the field that the error names. */
const mistakes: readonly (readonly [client: object, path: string])[] = [
  [{ ...trusted, enable: false }, 'secureSocket.enable'],
  [{ verifyHostName: false }, 'secureSocket.verifyHostName'],
  [{ ...trusted, protocol: { name: 'SSL' } }, 'secureSocket.protocol.name'],
  [{ ...trusted, protocol: { name: 'DTLS' } }, 'secureSocket.protocol.name'],
  [{ ...trusted, ciphers: ['RC4'] }, 'secureSocket.ciphers'],
]

for (const [name, wire] of Object.entries(wires)) {
  describe(`secureSocket of ${name}`, () => {
    for (const [field, server, client, expect] of rows) {
      cells.add(field, name)
      test(`${field}: ${expect}`, async (context) => {
        const { port } = await serve(wire, server, context)
        const answer = await open(wire, port, client, context).call()
        if (expect === 'refused') assert.ok(failures.has(answer), answer)
        else assert.equal(answer, expect)
      })
    }
    for (const [client, path] of mistakes) {
      cells.add(`${path}, wrong`, name)
      test(`refuses to start with a wrong ${path}`, () => {
        assert.throws(
          () => wire.open(1, client),
          (error) => error instanceof ConfigError && error.path.startsWith(path),
        )
      })
    }
    cells.add('handshakeTimeout of the server', name)
    test('handshakeTimeout: a server hangs up on who does not shake hands', async (context) => {
      const { port } = await serve(wire, { ...optional, handshakeTimeout: 0.05 }, context)
      await once(connect(port, '127.0.0.1').resume(), 'close')
    })
    cells.add('handshakeTimeout of the client', name)
    test('handshakeTimeout: a client does not wait longer, or does not start', async (context) => {
      const silent = createTcpServer().listen(0, '127.0.0.1')
      await once(silent, 'listening')
      context.after(() => void silent.close())
      const { port } = silent.address() as AddressInfo
      const limited = { ...trusted, handshakeTimeout: 0.05 }
      if (wire === grpc) assert.equal(await open(wire, port, limited, context).call(), 'unavailable')
      else assert.throws(() => wire.open(port, limited), { path: 'secureSocket.handshakeTimeout' })
    })
    cells.add('files of the client that change', name)
    test('a renewed certificate is shown on the next connection', async (context) => {
      let nowMs = Date.now()
      const { port, drop } = await serve(wire, required, context)
      const renewed = await ca.issue(`renewed-${name}`.replaceAll(/\W/g, '-'), { commonName: 'before' })
      const calling = open(wire, port, { ...trusted, key: renewed }, context, { now: () => nowMs })
      assert.equal(await calling.call(), 'cn:before')
      await ca.issue(`renewed-${name}`.replaceAll(/\W/g, '-'), { commonName: 'after' })
      nowMs += recheckMs
      assert.equal(await calling.call(), 'cn:before')
      await drop()
      // A call may still meet the connection that is gone.
      await calling.call()
      assert.equal(await calling.call(), 'cn:after')
    })
  })
}

/** Serves behind a relay, which can drop the connections that are open. */
async function serve(
  wire: Wire,
  secureSocket: ListenerSecureSocket,
  context: TestContext,
): Promise<{ readonly port: number; readonly drop: () => Promise<void> }> {
  const serving = await wire.serve(secureSocket)
  const sockets = new Set<Socket>()
  const relay = createTcpServer((socket) => {
    const onward = connect(serving.port, '127.0.0.1')
    for (const one of [socket, onward]) {
      sockets.add(one)
      one.on('error', () => undefined)
    }
    socket.pipe(onward).pipe(socket)
    socket.on('close', () => onward.destroy())
    onward.on('close', () => socket.destroy())
  })
  relay.listen(0, '127.0.0.1')
  await once(relay, 'listening')
  const drop = async (): Promise<void> => {
    const left = [...sockets].filter(({ closed }) => !closed)
    await Promise.all(left.map((socket) => once(socket.destroy(), 'close')))
  }
  context.after(async () => {
    relay.close()
    await drop()
    await serving.close()
  })
  return { port: (relay.address() as AddressInfo).port, drop }
}

function open(
  wire: Wire,
  port: number,
  secureSocket: ClientSecureSocket,
  context: TestContext,
  services?: Partial<Services>,
): Calling {
  const calling = wire.open(port, secureSocket, services)
  context.after(() => calling.close())
  return calling
}

cells.report()
