// Why: the kits call with Node, whose client and server could share a misunderstanding; grpcurl is Go's gRPC.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { create, createFileRegistry, fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  file_google_protobuf_wrappers,
  StringValueSchema,
} from '@bufbuild/protobuf/wkt'
import type { HandlerContext } from '@connectrpc/connect'
import type { sendUnaryData, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js'
import { principalOf as connectPrincipalOf, protect } from 'barre/connect'
import { createServer, principalOf } from 'barre/grpc'
import { toServerOptions } from 'barre/tls'
import { grpcurl, grpcurlProgram, isInstalled, skipWithout } from '../../tools/servers/index.ts'
import { issueToken } from '../harness/tokens.ts'
import { createWorld } from '../harness/world.ts'
import { jwt, mutualTls } from '../providers/index.ts'

const world = await createWorld()
after(() => world.close())
const [tokens, certificates] = await Promise.all([jwt.prepare(world), mutualTls.prepare(world)])
const good = `Bearer ${await issueToken(world)}`
const folder = dirname(world.authorityFile)
const { cert, key } = world.clients.alice
await Promise.all([
  writeFile(join(folder, 'alice-cert.pem'), cert),
  writeFile(join(folder, 'alice-key.pem'), key, { mode: 0o600 }),
])

const methods = ['Plain', 'Open', 'Elevated', 'Certified'] as const
const auth = [tokens.entry]
const resources = {
  'test.Foreign/Open': false,
  'test.Foreign/Elevated': { scopes: 'admin' },
  'test.Foreign/Certified': [certificates.entry],
} as const
const secureSocket = {
  key: world.serverFiles,
  mutualSsl: { cert: world.authorityFile, verifyClient: 'OPTIONAL' as const },
}

const text = 'google.protobuf.StringValue'
await writeFile(
  join(folder, 'foreign.proto'),
  `syntax = "proto3";
package test;
import "google/protobuf/wrappers.proto";
service Foreign {
${methods.map((name) => `  rpc ${name}(${text}) returns (${text});`).join('\n')}
  rpc Watch(${text}) returns (stream ${text});
}
`,
)

interface Serving {
  readonly port: number
  close(): void
}

/** Answers with the caller's name; a stream says it once and goes on. */
const servers: Readonly<Record<string, () => Promise<Serving>>> = {
  async grpc() {
    const server = createServer({ auth, resources, secureSocket })
    server.addService(
      Object.fromEntries([
        ...methods.map((name) => [name, define(name, false)]),
        ['Watch', define('Watch', true)],
      ]),
      { ...Object.fromEntries(methods.map((name) => [name, answerGrpc])), Watch: watchGrpc },
    )
    return { port: await server.listen('127.0.0.1:0'), close: () => server.forceShutdown() }
  },
  async connect() {
    const implementation = {
      ...Object.fromEntries(methods.map((name) => [name.toLowerCase(), answerConnect])),
      watch: watchConnect,
    }
    const listener = protect({
      auth,
      resources,
      routes: (router) => router.service(describeForeign(), implementation as object),
    })
    const server = createSecureServer(toServerOptions(secureSocket, 'secureSocket'), listener)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return { port: (server.address() as AddressInfo).port, close: () => server.close() }
  },
}

function toBytes(value: string): Buffer {
  return Buffer.from(toBinary(StringValueSchema, create(StringValueSchema, { value })))
}

function fromBytes(bytes: Buffer): string {
  return fromBinary(StringValueSchema, bytes).value
}

function define(name: string, responseStream: boolean) {
  return {
    path: `/test.Foreign/${name}`,
    requestStream: false,
    responseStream,
    requestSerialize: toBytes,
    requestDeserialize: fromBytes,
    responseSerialize: toBytes,
    responseDeserialize: fromBytes,
  }
}

function answerGrpc(call: ServerUnaryCall<string, string>, done: sendUnaryData<string>): void {
  done(null, principalOf(call)?.username ?? 'anybody')
}

function watchGrpc(call: ServerWritableStream<string, string>): void {
  call.write(principalOf(call)?.username ?? 'anybody')
}

function answerConnect(_: unknown, context: HandlerContext): { value: string } {
  return { value: connectPrincipalOf(context)?.username ?? 'anybody' }
}

async function* watchConnect(_: unknown, context: HandlerContext) {
  yield answerConnect(_, context)
  await new Promise((resolve) => context.signal.addEventListener('abort', resolve))
}

function describeForeign() {
  const [inputType, outputType] = [`.${text}`, `.${text}`]
  const file = create(FileDescriptorProtoSchema, {
    name: 'foreign.proto',
    package: 'test',
    syntax: 'proto3',
    dependency: [file_google_protobuf_wrappers.proto.name],
    service: [
      {
        name: 'Foreign',
        method: [
          ...methods.map((name) => ({ name, inputType, outputType })),
          { name: 'Watch', inputType, outputType, serverStreaming: true },
        ],
      },
    ],
  })
  const set = create(FileDescriptorSetSchema, { file: [file_google_protobuf_wrappers.proto, file] })
  return createFileRegistry(set).getService('test.Foreign')!
}

interface Presented {
  /** Values of `authorization`. */
  readonly values?: readonly string[]
  readonly certificate?: boolean
  readonly authority?: boolean
}

const calls: readonly (readonly [claim: string, method: string, presented: Presented, says: string])[] = [
  ['no token', 'Plain', {}, 'Unauthenticated'],
  ['a token', 'Plain', { values: [good] }, 'alice'],
  ['a token twice', 'Plain', { values: [good, good] }, 'InvalidArgument'],
  ['a password', 'Plain', { values: ['Basic YWxpY2U6d29uZGVybGFuZA=='] }, 'Unauthenticated'],
  ['a token without the scope', 'Elevated', { values: [good] }, 'PermissionDenied'],
  ['no token, on an open method', 'Open', {}, 'anybody'],
  ['a certificate', 'Certified', { certificate: true }, 'cn:alice'],
  ['no certificate', 'Certified', { values: [good] }, 'Unauthenticated'],
  ['no token, on a stream', 'Watch', {}, 'Unauthenticated'],
  [
    'a server whose authority it does not know',
    'Plain',
    { values: [good], authority: false },
    'no connection',
  ],
]

for (const [name, start] of Object.entries(servers)) {
  describe(`grpcurl to ${name}`, { skip: !isInstalled(grpcurl) && 'grpcurl is not installed' }, () => {
    let serving: Serving
    before(async () => {
      serving = await start()
    })
    after(() => serving.close())
    for (const [claim, method, presented, says] of calls) {
      test(`${claim}: ${says}`, async () => {
        assert.deepEqual(await ask(serving.port, method, presented), [says])
      })
    }
    test('a stream ends with its token', async () => {
      const values = [`Bearer ${await issueToken(world, { expTime: 2 })}`]
      assert.deepEqual(await ask(serving.port, 'Watch', { values }), ['alice', 'Unauthenticated'])
    })
  })
}
test('grpcurl is there', (context) => void skipWithout(grpcurl, context))

/** The messages that came, and the code at the end, unless it is OK. */
async function ask(port: number, method: string, presented: Presented): Promise<readonly string[]> {
  const { values = [], certificate = false, authority = true } = presented
  const pair = ['-cert', join(folder, 'alice-cert.pem'), '-key', join(folder, 'alice-key.pem')]
  const names = values.map((_, index) => `BARRE_VALUE_${index}`)
  const options = [
    ...(authority ? ['-cacert', world.authorityFile] : []),
    ...(certificate ? pair : []),
    // By the environment: other users of the machine could read the command line.
    '-expand-headers',
    ...names.flatMap((name) => ['-H', `authorization: \${${name}}`]),
  ]
  const about = ['-connect-timeout', '10', '-import-path', folder, '-proto', 'foreign.proto', '-d', '"cup"']
  const env = { ...process.env, ...Object.fromEntries(names.map((name, index) => [name, values[index]])) }
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
    const target = [`localhost:${port}`, `test.Foreign/${method}`]
    execFile(grpcurlProgram, [...about, ...options, ...target], { env }, (_error, out, err) =>
      resolve({ stdout: out, stderr: err }),
    )
  })
  const messages = [...stdout.matchAll(/"(.*)"/g)].map(([, message = '']) => message)
  if (stderr === '') return messages
  return [...messages, /Code: (\w+)/.exec(stderr)?.[1] ?? 'no connection']
}
