// By `npm run test:grpcio` alone: it needs Python, and a package of PyPI.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import type { handleBidiStreamingCall, handleClientStreamingCall } from '@grpc/grpc-js'
import type { handleServerStreamingCall, handleUnaryCall, UntypedHandleCall } from '@grpc/grpc-js'
import { createServer, principalOf } from 'barre/grpc'
import type { GuardedServer } from 'barre/grpc'
import { pythonGrpcio } from '../../tools/servers/python-grpcio.ts'
import { endedAnHourAgo, issueToken, tampered } from '../harness/tokens.ts'
import { createWorld } from '../harness/world.ts'
import { jwt, mutualTls } from '../providers/index.ts'

const world = await createWorld()
after(() => world.close())
const [tokens, certificates] = await Promise.all([jwt.prepare(world), mutualTls.prepare(world)])

/** Reads what to do from its environment; prints the messages that came and the code at the end. */
const client = `
import grpc, json, os

ask = json.loads(os.environ['ASK'])

def read(name):
    return open(ask[name], 'rb').read() if ask.get(name) else None

def channel():
    if not ask['authority']:
        return grpc.insecure_channel(ask['target'])
    trust = grpc.ssl_channel_credentials(read('authority'), read('key'), read('cert'))
    if ask.get('token'):
        trust = grpc.composite_channel_credentials(trust, grpc.access_token_call_credentials(ask['token']))
    return grpc.secure_channel(ask['target'], trust)

heard = []
with channel() as open_channel:
    call = getattr(open_channel, ask['kind'])('/test.Foreign/' + ask['method'])
    streams, answers = ask['kind'].split('_')
    sent = [b'cup', b'tea']
    try:
        answer = call(iter(sent) if streams == 'stream' else sent[0], metadata=ask['metadata'], timeout=30)
        for message in (answer if answers == 'stream' else [answer]):
            heard.append(message.decode())
        print(json.dumps([*heard, 'OK']))
    except grpc.RpcError as error:
        print(json.dumps([*heard, error.code().name]))
`

type Kind = 'unary_unary' | 'unary_stream' | 'stream_unary' | 'stream_stream'

interface Ask {
  readonly kind?: Kind
  readonly method?: string
  /** Values of `authorization`. */
  readonly values?: readonly string[]
  /** As gRPC's own credentials of calls. */
  readonly token?: string
  readonly cert?: string
  readonly key?: string
  /** PEM file; empty: no TLS. */
  readonly authority?: string
}

async function ask(port: number, asked: Ask): Promise<readonly string[]> {
  const { kind = 'unary_unary', method = methodOf(kind), values = [], ...others } = asked
  const metadata = values.map((value) => ['authorization', value])
  const all = {
    target: `localhost:${port}`,
    authority: world.authorityFile,
    kind,
    method,
    metadata,
    ...others,
  }
  // By the environment: other users of the machine could read the command line.
  const env = { ...process.env, ASK: JSON.stringify(all), GRPC_VERBOSITY: 'NONE' }
  const { stdout } = await promisify(execFile)(pythonGrpcio.python, ['-c', client], { env })
  return JSON.parse(stdout) as string[]
}

const kinds = ['unary_unary', 'unary_stream', 'stream_unary', 'stream_stream'] as const

/** Each kind of method: for everybody who is known, and for admins. */
function methodOf(kind: Kind, prefix: 'Plain' | 'Elevated' = 'Plain'): string {
  return `${prefix}_${kind}`
}

const name = (call: Parameters<typeof principalOf>[0]): string => principalOf(call)?.username ?? 'anybody'
const unary: handleUnaryCall<string, string> = (call, done) => done(null, name(call))
const serverStream: handleServerStreamingCall<string, string> = (call) => {
  call.write(name(call))
  call.end()
}
const clientStream: handleClientStreamingCall<string, string> = (call, done) => {
  let count = 0
  call.on('data', () => count++)
  call.on('end', () => done(null, `${name(call)} ${count}`))
}
const bidiStream: handleBidiStreamingCall<string, string> = (call) => {
  call.on('data', (message: string) => call.write(`${name(call)} ${message}`))
  call.on('end', () => call.end())
}
/** Says the caller's name and goes on. */
const watch: handleServerStreamingCall<string, string> = (call) => void call.write(name(call))

const handlers = {
  unary_unary: unary,
  unary_stream: serverStream,
  stream_unary: clientStream,
  stream_stream: bidiStream,
}
const answers: Readonly<Record<Kind, readonly string[]>> = {
  unary_unary: ['alice', 'OK'],
  unary_stream: ['alice', 'OK'],
  stream_unary: ['alice 2', 'OK'],
  stream_stream: ['alice cup', 'alice tea', 'OK'],
}

const methods: readonly (readonly [method: string, kind: Kind, handler: UntypedHandleCall])[] = [
  ...kinds.map((kind) => [methodOf(kind), kind, handlers[kind]] as const),
  ...kinds.map((kind) => [methodOf(kind, 'Elevated'), kind, handlers[kind]] as const),
  ['Open', 'unary_unary', unary],
  ['Certified', 'unary_unary', unary],
  ['Watch', 'unary_stream', watch],
]

const toBytes = (value: string): Buffer => Buffer.from(value)
const toText = (bytes: Buffer): string => bytes.toString()

function toServer(verifyClient: 'OPTIONAL' | 'REQUIRE'): GuardedServer {
  const elevated = kinds.map((kind) => [`test.Foreign/${methodOf(kind, 'Elevated')}`, { scopes: 'admin' }])
  const server = createServer({
    auth: [tokens.entry],
    resources: {
      ...(Object.fromEntries(elevated) as Record<string, { scopes: string }>),
      'test.Foreign/Open': false,
      'test.Foreign/Certified': [certificates.entry],
    },
    secureSocket: { key: world.serverFiles, mutualSsl: { cert: world.authorityFile, verifyClient } },
  })
  const definitions = methods.map(([method, kind]) => [
    method,
    {
      path: `/test.Foreign/${method}`,
      requestStream: kind.startsWith('stream'),
      responseStream: kind.endsWith('stream'),
      requestSerialize: toBytes,
      requestDeserialize: toText,
      responseSerialize: toBytes,
      responseDeserialize: toText,
    },
  ])
  const implementation = Object.fromEntries(methods.map(([method, , handler]) => [method, handler]))
  server.addService(
    Object.fromEntries(definitions) as Parameters<GuardedServer['addService']>[0],
    implementation,
  )
  return server
}

function certificateOf(who: 'alice' | 'impostor'): Pick<Ask, 'cert' | 'key'> {
  const { certFile, keyFile } = world.clients[who].files
  return { cert: certFile, key: keyFile }
}

const good = await issueToken(world)
const bearer = (token: string) => ({ values: [`Bearer ${token}`] })
const expired = await issueToken(world, { customClaims: endedAnHourAgo() })

describe('the grpcio of Python', () => {
  const [optional, required] = [toServer('OPTIONAL'), toServer('REQUIRE')]
  const ports = { optional: 0, required: 0 }
  before(async () => {
    ports.optional = await optional.listen('127.0.0.1:0')
    ports.required = await required.listen('127.0.0.1:0')
  })
  after(() => [optional, required].forEach((server) => server.forceShutdown()))

  for (const kind of kinds) {
    const calls: readonly (readonly [claim: string, Ask, expected: readonly string[]])[] = [
      ['no token', {}, ['UNAUTHENTICATED']],
      ['a token that was changed', bearer(tampered(good)), ['UNAUTHENTICATED']],
      ['an expired token', bearer(expired), ['UNAUTHENTICATED']],
      [
        'a token without the scope',
        { ...bearer(good), method: methodOf(kind, 'Elevated') },
        ['PERMISSION_DENIED'],
      ],
      ['a token twice', { values: [`Bearer ${good}`, `Bearer ${good}`] }, ['INVALID_ARGUMENT']],
      ['a token', bearer(good), answers[kind]],
    ]
    for (const [claim, asked, expected] of calls) {
      test(`${kind} with ${claim}: ${expected.join(', ')}`, async () => {
        assert.deepEqual(await ask(ports.optional, { kind, ...asked }), expected)
      })
    }
  }

  const method = 'Certified'
  const connections: readonly (readonly [string, Ask, keyof typeof ports, readonly string[]])[] = [
    ['no token, on an open method', { method: 'Open' }, 'optional', ['anybody', 'OK']],
    ["a token as gRPC's own credential of calls", { token: good }, 'optional', ['alice', 'OK']],
    ['a certificate', { method, ...certificateOf('alice') }, 'optional', ['cn:alice', 'OK']],
    ['a token in place of a certificate', { method, ...bearer(good) }, 'optional', ['UNAUTHENTICATED']],
    [
      "another authority's certificate",
      { method, ...certificateOf('impostor') },
      'optional',
      ['UNAUTHENTICATED'],
    ],
    ['a certificate that is required', { method, ...certificateOf('alice') }, 'required', ['cn:alice', 'OK']],
    ['no certificate where one is required', bearer(good), 'required', ['UNAVAILABLE']],
    [
      "another authority's certificate where one is required",
      { ...bearer(good), ...certificateOf('impostor') },
      'required',
      ['UNAVAILABLE'],
    ],
    [
      'trust in another authority than ours',
      { ...bearer(good), authority: world.clients.impostor.files.certFile },
      'optional',
      ['UNAVAILABLE'],
    ],
    ['no TLS', { ...bearer(good), authority: '' }, 'optional', ['UNAVAILABLE']],
  ]
  for (const [claim, asked, server, expected] of connections) {
    test(`with ${claim}: ${expected.join(', ')}`, async () => {
      assert.deepEqual(await ask(ports[server], asked), expected)
    })
  }

  test('a stream ends with its token', async () => {
    const short = await issueToken(world, { expTime: 2 })
    const asked = { kind: 'unary_stream', method: 'Watch', ...bearer(short) } as const
    assert.deepEqual(await ask(ports.optional, asked), ['alice', 'UNAUTHENTICATED'])
  })
})
