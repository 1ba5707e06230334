import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { createSecureServer, createServer as createHttp2Server } from 'node:http2'
import type { RequestListener, Server } from 'node:http'
import { after, test } from 'node:test'
import { Code, ConnectError, createConnectRouter } from '@connectrpc/connect'
import type { ConnectRouter, Interceptor } from '@connectrpc/connect'
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from '@connectrpc/connect-node'
import { createTestCa } from '../../../../../tools/test-ca.ts'
import { clientOf, guarded, implementation, orders, serve } from '../../../test/connect-service.ts'
import type { Orders, ServeOptions } from '../../../test/connect-service.ts'
import { nameIsToken } from '../../../test/grpc-service.ts'
import { exchange, plainRequest, statusOf } from '../../../test/http-wire.ts'
import { createServices } from '../../auth/index.ts'
import { ConfigError, createRevocations, ok, refuse, Secret } from '../../core/index.ts'
import type { CredentialSource, Need, Provider } from '../../core/index.ts'
import { toServerOptions } from '../../tls/index.ts'
import { CredentialError, transportOptions } from './index.ts'

const ca = await createTestCa()
after(() => ca.remove())

const bearer = (token: string): object => ({ headers: { authorization: `Bearer ${token}` } })
const toHttp2 = (listener: unknown): Server => createHttp2Server(listener as never) as unknown as Server

/** A client by each of Connect's protocols, which knows nothing of us. */
const protocols = {
  connect: (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: '1.1' }),
  grpcWeb: (baseUrl: string) => createGrpcWebTransport({ baseUrl, httpVersion: '1.1' }),
  grpc: (baseUrl: string) => createGrpcTransport({ baseUrl }),
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'ok'
  } catch (error) {
    return Code[ConnectError.from(error).code]
  }
}

for (const [name, toTransport] of Object.entries(protocols)) {
  test(`an ordinary client by ${name} is let in with its credential, and refused without`, async (context) => {
    const port = await serve(context, {}, name === 'grpc' ? toHttp2 : undefined)
    const client = clientOf(toTransport(`http://127.0.0.1:${port}`))
    assert.equal((await client.place({}, bearer('reader'))).value, 'reader')
    await assert.rejects(
      client.place({}),
      (error) =>
        error instanceof ConnectError &&
        error.code === Code.Unauthenticated &&
        error.metadata.get('www-authenticate') === 'Bearer realm="test"',
    )
    assert.equal(await codeOf(client.place({}, bearer('throttled'))), 'ResourceExhausted')
    assert.equal(await codeOf(client.place({}, bearer('down'))), 'Unavailable')
  })
}

test("a unary call by Connect's own protocol is refused with the status of HTTP, by GET too", async (context) => {
  const url = `http://127.0.0.1:${await serve(context)}/orders.Orders/Place`
  const ask = async (token: string | undefined, method: 'GET' | 'POST'): Promise<string> => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const body = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: '""' }
    const response = await (method === 'POST'
      ? fetch(url, body)
      : fetch(`${url}?encoding=json&message=%22cup%22`, { headers }))
    const asked = response.headers.get('www-authenticate') ?? 'nothing'
    return `${response.status} ${await response.text()} ${asked}`
  }
  for (const method of ['GET', 'POST'] as const) {
    assert.equal(await ask('reader', method), '200 "reader" nothing')
    assert.equal(
      await ask(undefined, method),
      '401 {"code":"unauthenticated","message":"a credential is required"} Bearer realm="test"',
    )
    assert.match(
      await ask('a b', method),
      /^400 .*"invalid_argument".* Bearer realm="test", error="malformed"/,
    )
    assert.match(await ask('throttled', method), /^429 .* nothing$/)
    assert.match(await ask('down', method), /^503 .* nothing$/)
  }
})

test('a unary message is not read before the verdict', async (context) => {
  const port = await serve(context)
  const unfinished = plainRequest(
    'POST /orders.Orders/Place',
    'content-type: application/json',
    'content-length: 9',
  )
  assert.equal(statusOf(await exchange(port, `${unfinished}"`)), 401)
})

test('a service and a method say what they demand; the method has the last word', async (context) => {
  const scoped = { scopes: 'write' }
  for (const [resources, token, code] of [
    [{ 'orders.Orders': false }, undefined, 'ok'],
    [{ 'orders.Orders': false, 'orders.Orders/Place': true }, undefined, 'Unauthenticated'],
    [{ 'orders.Orders/Place': false }, undefined, 'ok'],
    [{ 'orders.Orders/Watch': false }, undefined, 'Unauthenticated'],
    [{ 'orders.Orders': scoped }, 'reader', 'PermissionDenied'],
    [{ 'orders.Orders': scoped, 'orders.Orders/Place': true }, 'reader', 'ok'],
  ] as const) {
    const port = await serve(context, { resources })
    const client = clientOf(protocols.connect(`http://127.0.0.1:${port}`))
    const called = client.place({}, token === undefined ? {} : bearer(token))
    assert.equal(await codeOf(called), code, JSON.stringify(resources))
  }
})

const seen: string[] = []
const watching: Interceptor = (next) => (request) => {
  seen.push(request.method.name)
  return next(request)
}

/** Options of Connect, common or of one service, and the calls that its own interceptors and gates then see. */
const settings: readonly (readonly [claim: string, options: ServeOptions])[] = [
  ['interceptors for all', { adapter: { interceptors: [watching] } }],
  ['interceptors of one service', { routes: withOptions({ interceptors: [watching] }) }],
  ['a gate for all', { adapter: { requestGate: ({ method }) => void seen.push(method.name) } }],
  [
    'a gate of one service',
    { routes: withOptions({ requestGate: ({ method }) => void seen.push(method.name) }) },
  ],
]

function withOptions(options: Parameters<ConnectRouter['service']>[2]) {
  return (router: ConnectRouter): unknown => router.service(orders, implementation, options)
}

for (const [claim, options] of settings) {
  test(`${claim} see admitted calls only, and take no guard away`, async (context) => {
    seen.length = 0
    const client = clientOf(protocols.connect(`http://127.0.0.1:${await serve(context, options)}`))
    assert.equal(await codeOf(client.place({})), 'Unauthenticated')
    assert.deepEqual(seen, [])
    assert.equal(await codeOf(client.place({}, bearer('reader'))), 'ok')
    assert.deepEqual(seen, ['Place'])
  })
}

function addPastRouter(router: ConnectRouter): void {
  const other = createConnectRouter()
  other.service(orders, implementation)
  router.handlers.push(...other.handlers)
}

test('neither a handler put in past the router is served, nor a protocol that is switched off', async (context) => {
  const routes = addPastRouter
  const port = await serve(context, { routes })
  const client = clientOf(protocols.connect(`http://127.0.0.1:${port}`))
  assert.equal(await codeOf(client.place({}, bearer('reader'))), 'Unimplemented')
  const noWeb = await serve(context, { adapter: { grpcWeb: false } })
  const web = clientOf(protocols.grpcWeb(`http://127.0.0.1:${noWeb}`))
  assert.notEqual(await codeOf(web.place({}, bearer('reader'))), 'ok')
})

for (const [claim, options, path] of [
  ['a row for a method that is not there', { resources: { 'orders.Orders/Plcae': false } }, /Plcae/],
  ['a row that is no name', { resources: { '/orders.Orders/Place': false } }, /orders\.Orders/],
  ['an empty scope', { resources: { 'orders.Orders': { scopes: '' } } }, /orders\.Orders'\]\.scopes/],
] as const) {
  test(`refuses to start with ${claim}`, () => {
    assert.throws(
      () => guarded(options),
      (error) => error instanceof ConfigError && path.test(error.path),
    )
  })
}

test('refuses to start in clear text off loopback', async () => {
  const server = createServer(guarded() as RequestListener)
  server.listen(0, '0.0.0.0')
  const error = await new Promise<Error>((resolve) => server.once('error', resolve))
  assert.ok(error instanceof ConfigError && error.path === 'auth')
})

/** A stream that has begun; `next` is its next message or its end. */
async function begin(stream: AsyncIterable<{ readonly value: string }>) {
  const iterator = stream[Symbol.asyncIterator]()
  assert.equal((await iterator.next()).value?.value, 'alice')
  return { next: () => iterator.next() }
}

test('a stream whose handler waits ends when its caller is revoked, by each protocol', async (context) => {
  for (const [name, toTransport] of Object.entries(protocols)) {
    const revocations = createRevocations()
    const options = { auth: [{ provider: nameIsToken() }], services: { revocations } }
    const port = await serve(context, options, name === 'grpc' ? toHttp2 : undefined)
    const client = clientOf(toTransport(`http://127.0.0.1:${port}`))
    const { next } = await begin(client.list({}, bearer('alice')))
    revocations.revoke({ subject: 'alice' })
    assert.equal(await codeOf(next()), 'Unauthenticated', name)
  }
})

test('a stream ends when the credential of its caller expires', async (context) => {
  const provider = nameIsToken(() => ({ expiresAtSeconds: Date.now() / 1000 + 0.2 }))
  const port = await serve(context, { auth: [{ provider }] })
  const client = clientOf(protocols.connect(`http://127.0.0.1:${port}`))
  const { next } = await begin(client.list({}, bearer('alice')))
  await assert.rejects(
    next(),
    (error) =>
      error instanceof ConnectError &&
      error.code === Code.Unauthenticated &&
      error.rawMessage === 'the credential has expired',
  )
})

test('a call whose deadline passes while its caller is checked ends that check', async (context) => {
  const { promise: aborted, resolve } = Promise.withResolvers<void>()
  const provider: Provider<string> = {
    ...nameIsToken(),
    verify: (_, call) =>
      new Promise((settle) => {
        call.signal.addEventListener('abort', () => {
          resolve()
          settle(refuse('unavailable', 'too late'))
        })
      }),
  }
  const port = await serve(context, { auth: [{ provider }] })
  const client = clientOf(protocols.connect(`http://127.0.0.1:${port}`))
  assert.equal(await codeOf(client.place({}, { ...bearer('alice'), timeoutMs: 100 })), 'DeadlineExceeded')
  await aborted
})

/** A source whose first token is refused. */
function renewing(): CredentialSource & { readonly sourced: (string | undefined)[] } {
  const sourced: (string | undefined)[] = []
  return {
    sourced,
    credential({ target, refused }: Need) {
      sourced.push(refused === undefined ? target : refused.metadata('www-authenticate')[0])
      const token = new Secret(refused === undefined ? 'nobody' : 'alice')
      return ok({ kind: 'token', scheme: 'Bearer', token })
    },
  }
}

const services = createServices()

test('a client renews over TLS, and sends nothing in clear text off loopback', async (context) => {
  const tls = toServerOptions({ key: ca.server }, 'secureSocket')
  const auth = [{ provider: nameIsToken() }]
  const port = await serve(context, { auth }, (listener) =>
    createSecureServer({ ...tls, allowHTTP1: true }, listener as never),
  )
  const baseUrl = `https://localhost:${port}`
  const call = async (toClient: (options: ReturnType<typeof transportOptions>) => Orders) => {
    const source = renewing()
    const made = transportOptions(
      { baseUrl, auth: 'any', secureSocket: { cert: ca.caFile } },
      { ...services, credentialSource: () => source },
    )
    assert.equal((await toClient(made).place({})).value, 'alice')
    await made.close()
    assert.deepEqual(source.sourced, [`${baseUrl}/orders.Orders/Place`, 'Bearer'])
  }
  await call((options) => clientOf(createConnectTransport({ ...options, httpVersion: '1.1' })))
  const sessionManager = new Http2SessionManager(baseUrl, {}, { ca: ca.ca.cert })
  await call((options) => clientOf(createGrpcTransport({ ...options, sessionManager })))
  sessionManager.abort()
  assert.throws(
    () => transportOptions({ baseUrl: 'http://192.0.2.1' }, services),
    (error) => error instanceof ConfigError && error.path === 'baseUrl',
  )
})

test('a stream that is refused is not sent again, and its source is told', async (context) => {
  const port = await serve(context, { auth: [{ provider: nameIsToken() }] })
  const source = renewing()
  const options = transportOptions(
    { baseUrl: `http://127.0.0.1:${port}`, auth: 'any' },
    { ...services, credentialSource: () => source },
  )
  const client = clientOf(createConnectTransport({ ...options, httpVersion: '1.1' }))
  assert.equal(await codeOf(client.list({})[Symbol.asyncIterator]().next()), 'Unauthenticated')
  assert.equal(source.sourced.length, 2)
})

test('a credential does not go to another URL than it is for', async (context) => {
  const port = await serve(context)
  const { interceptors } = transportOptions(
    { baseUrl: `http://127.0.0.1:${port}/elsewhere`, auth: 'any' },
    { ...services, credentialSource: renewing },
  )
  const transport = createConnectTransport({
    baseUrl: `http://127.0.0.1:${port}`,
    httpVersion: '1.1',
    interceptors,
  })
  await assert.rejects(
    clientOf(transport).place({}),
    ({ cause }: ConnectError) => cause instanceof ConfigError,
  )
})

test('a call for which no credential can be had is not sent', async (context) => {
  const port = await serve(context)
  const source = { credential: () => refuse('unavailable', 'the token service is down') }
  const options = transportOptions(
    { baseUrl: `http://127.0.0.1:${port}`, auth: 'any' },
    { ...services, credentialSource: () => source },
  )
  const client = clientOf(createConnectTransport({ ...options, httpVersion: '1.1' }))
  await assert.rejects(
    client.place({}),
    (error) =>
      error instanceof ConnectError &&
      error.code === Code.Unavailable &&
      error.cause instanceof CredentialError,
  )
})
