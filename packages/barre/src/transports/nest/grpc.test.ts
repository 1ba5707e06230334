import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo, Server as NetServer } from 'node:net'
import { afterEach, test } from 'node:test'
import { Controller } from '@nestjs/common'
import type { INestMicroservice, Type } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import {
  ClientProxyFactory,
  GrpcMethod,
  GrpcStreamCall,
  GrpcStreamMethod,
  MessagePattern,
  Transport,
} from '@nestjs/microservices'
import type { GrpcOptions } from '@nestjs/microservices'
import { Client, credentials, Metadata, status } from '@grpc/grpc-js'
import type { Server, ServerDuplexStream, ServiceError } from '@grpc/grpc-js'
import { firstValueFrom, map } from 'rxjs'
import type { Observable } from 'rxjs'
import { compileAuth, createServices } from '../../auth/index.ts'
import type { ResourceAuth } from '../../auth/index.ts'
import { createRevocations } from '../../core/index.ts'
import type { Services } from '../../core/index.ts'
import { bearer, fromBytes, orders as wire, toBytes } from '../../../test/grpc-service.ts'
import { namedTokens } from '../../../test/http-wire.ts'
import { decorate, toService } from '../../../test/nest-kit.ts'
import { principalOf } from '../grpc/index.ts'
import { toModule } from './index.ts'
import type { ModuleOptions } from './index.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

const { Place, Watch } = wire
const toMethod = (name: string, requestStream: boolean, responseStream: boolean) => ({
  ...Place,
  path: `/orders.Orders/${name}`,
  requestStream,
  responseStream,
})
const methods = {
  Place,
  Watch,
  List: toMethod('List', false, true),
  Load: toMethod('Load', true, false),
  Pipe: toMethod('Pipe', true, true),
  News: toMethod('News', false, false),
}
const health = { Check: { ...Place, path: '/grpc.health.v1.Health/Check' } }

/** Which handlers were reached. */
const reached: string[] = []

/** A controller with a handler of each kind. */
function toOrders(says: Readonly<Record<string, ResourceAuth>> = {}, own?: ResourceAuth): Type {
  class Orders {
    place(_data: unknown, metadata: Metadata): unknown {
      reached.push('place')
      return { by: principalOf({ metadata })?.username ?? 'nobody' }
    }
    list(data: unknown, metadata: Metadata): unknown {
      return this.place(data, metadata)
    }
    news(data: unknown, metadata: Metadata): unknown {
      return this.place(data, metadata)
    }
    watch(messages: Observable<unknown>): unknown {
      reached.push('watch')
      return messages.pipe(map((message) => ({ message })))
    }
    load(messages: Observable<unknown>): unknown {
      return this.watch(messages)
    }
    pipe(call: ServerDuplexStream<object, object>): unknown {
      reached.push('pipe')
      call.on('data', (message: object) => call.write(message))
      call.on('end', () => call.end())
      return {}
    }
  }
  Controller()(Orders)
  return decorate(
    Orders,
    {
      place: [GrpcMethod('Orders', 'Place'), says['place']],
      list: [GrpcMethod('Orders', 'List'), says['list']],
      news: [GrpcMethod('orders.Orders', 'News'), says['news']],
      watch: [GrpcStreamMethod('Orders', 'Watch'), says['watch']],
      load: [GrpcStreamMethod('Orders', 'Load'), says['load']],
      pipe: [GrpcStreamCall('Orders', 'Pipe'), says['pipe']],
    },
    own,
  )
}

interface Options extends Partial<ModuleOptions<ResourceAuth>> {
  readonly url?: string
  readonly services?: Partial<Services>
  readonly more?: readonly Type[]
}

/** The module of a service, and its gRPC server's options; `port` is known once it listens. */
function prepare(controller: Type, { url = '127.0.0.1:0', services = {}, more = [], ...options }: Options) {
  const made = createServices(services)
  const imports = [toModule(compileAuth([{ provider: namedTokens() }], made), options, made)]
  let server: Server | undefined
  const grpc: GrpcOptions = {
    transport: Transport.GRPC,
    options: {
      url,
      package: 'orders',
      packageDefinition: { 'orders.Orders': methods },
      onLoadPackageDefinition(_definition, grpcServer) {
        server = grpcServer as Server
        server.addService(health, {
          Check: (_call: unknown, done: (e: null, a: string) => void) => done(null, 'ok'),
        })
      },
    },
  }
  const port = (): number => {
    const [http2Server] = server!['http2Servers'].keys()
    return (http2Server!.address() as AddressInfo).port
  }
  return { service: toService({ imports, controllers: [controller, ...more] }), grpc, port }
}

const quiet = { abortOnError: false, logger: false } as const

async function create(
  controller: Type,
  options: Options = {},
): Promise<{ app: INestMicroservice; port: () => number }> {
  const { service, grpc, port } = prepare(controller, options)
  const app = await NestFactory.createMicroservice(service, { ...grpc, ...quiet })
  closers.push(() => app.close())
  return { app, port }
}

async function serve(controller: Type, options?: Options): Promise<Client> {
  const { app, port } = await create(controller, options)
  await app.listen()
  return connect(port())
}

function connect(port: number): Client {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  closers.push(() => client.close())
  return client
}

/** What came of a call that sends one message: its answer, or its status. */
async function ask(client: Client, name: keyof typeof methods, token?: string): Promise<unknown> {
  return askAt(client, methods[name], token)
}

async function askAt(
  client: Client,
  { path, requestStream, responseStream }: (typeof methods)['Place'],
  token?: string,
): Promise<unknown> {
  const metadata = token === undefined ? new Metadata() : bearer(token)
  return new Promise((resolve) => {
    const done = (error: ServiceError | null, answer?: unknown): void => resolve(error?.code ?? answer)
    const unary = [path, toBytes, fromBytes] as const
    if (!requestStream && !responseStream) {
      client.makeUnaryRequest(...unary, {}, metadata, done)
    } else if (!responseStream) {
      const call = client.makeClientStreamRequest(...unary, metadata, done)
      call.on('error', () => undefined)
      call.write('sent')
      call.end()
    } else {
      const bidi = requestStream ? client.makeBidiStreamRequest(...unary, metadata) : undefined
      const call = bidi ?? client.makeServerStreamRequest(...unary, 'sent', metadata)
      call.on('data', resolve)
      call.on('error', ({ code }: ServiceError) => resolve(code))
      bidi?.write('sent')
      bidi?.end()
    }
  })
}

const { UNAUTHENTICATED, PERMISSION_DENIED, RESOURCE_EXHAUSTED, UNAVAILABLE, INVALID_ARGUMENT } = status
const write = { scopes: 'write' }

test('each kind of handler is refused with its status, and not reached', async () => {
  const says = { place: write, list: write, watch: write, load: write, pipe: write }
  const client = await serve(toOrders(says))
  reached.length = 0
  for (const name of ['Place', 'List', 'Watch', 'Load', 'Pipe'] as const) {
    for (const [token, code] of [
      [undefined, UNAUTHENTICATED],
      ['forged', UNAUTHENTICATED],
      ['expired', UNAUTHENTICATED],
      ['slow-reader', PERMISSION_DENIED],
      ['reader', PERMISSION_DENIED],
      ['throttled', RESOURCE_EXHAUSTED],
      ['down', UNAVAILABLE],
      ['a b', INVALID_ARGUMENT],
    ] as const) {
      assert.equal(await ask(client, name, token), code, `${name} ${token}`)
    }
  }
  assert.deepEqual(reached, [])
  const answers = { Place: { by: 'writer' }, List: { by: 'writer' }, Pipe: 'sent' }
  for (const [name, answer] of Object.entries(answers)) {
    assert.deepEqual(await ask(client, name as keyof typeof methods, 'writer'), answer)
  }
  for (const name of ['Watch', 'Load'] as const) {
    assert.deepEqual(await ask(client, name, 'slow-writer'), { message: 'sent' })
  }
})

test('a handler of which nothing is said demands what its controller does, or the service', async () => {
  const silent = await serve(toOrders({ news: false }))
  assert.equal(await ask(silent, 'Place'), UNAUTHENTICATED)
  assert.deepEqual(await ask(silent, 'Place', 'reader'), { by: 'reader' })
  assert.deepEqual(await ask(silent, 'News'), { by: 'nobody' })
  const scoped = await serve(toOrders({ list: { scopes: 'read' } }, write))
  assert.equal(await ask(scoped, 'News', 'reader'), PERMISSION_DENIED)
  assert.deepEqual(await ask(scoped, 'List', 'reader'), { by: 'reader' })
})

test('what is added to the server itself is open by name alone', async () => {
  const closed = await serve(toOrders())
  assert.equal(await askAt(closed, health.Check), UNAUTHENTICATED)
  assert.equal(await askAt(closed, health.Check, 'reader'), 'ok')
  const open = await serve(toOrders(), { grpcResources: { 'grpc.health.v1.Health': false } })
  assert.equal(await askAt(open, health.Check), 'ok')
  assert.equal(await ask(open, 'Place'), UNAUTHENTICATED)
})

test('beside HTTP a microservice is guarded, whether it inherits the configuration of the application', async () => {
  for (const inheritAppConfig of [true, false]) {
    const { service, grpc, port } = prepare(toOrders({ news: false }), {})
    const app = await NestFactory.create(service, quiet)
    closers.push(() => app.close())
    app.connectMicroservice(grpc, { inheritAppConfig })
    await app.startAllMicroservices()
    await app.listen(0, '127.0.0.1')
    const client = connect(port())
    assert.equal(await ask(client, 'Place'), UNAUTHENTICATED)
    assert.equal(await ask(client, 'Watch', 'forged'), UNAUTHENTICATED)
    assert.deepEqual(await ask(client, 'Place', 'reader'), { by: 'reader' })
    assert.deepEqual(await ask(client, 'News'), { by: 'nobody' })
  }
})

test('a stream ends as UNAUTHENTICATED when the credential of its caller is revoked', async () => {
  const revocations = createRevocations()
  const client = await serve(toOrders(), { services: { revocations } })
  for (const { path } of [methods.Watch, methods.Pipe]) {
    const call = client.makeBidiStreamRequest(path, toBytes, fromBytes, bearer('reader'))
    const ended = once(call, 'error')
    call.write('hello')
    await once(call, 'data')
    revocations.revoke({ subject: 'reader' })
    const [{ code }] = (await ended) as [ServiceError]
    assert.equal(code, UNAUTHENTICATED)
  }
})

/** A controller of messages: `news` is open. */
function toEvents(placed?: ResourceAuth): Type {
  class Events {
    placed(): string {
      return 'reached'
    }
    news(): string {
      return 'open'
    }
  }
  Controller()(Events)
  return decorate(Events, {
    placed: [MessagePattern({ cmd: 'placed' }), placed],
    news: [MessagePattern('news'), false],
  })
}

test('a transport that is not gRPC serves open handlers, and does not start with others', async () => {
  const options = { host: '127.0.0.1', port: 0 }
  const tcp = { transport: Transport.TCP, options } as const
  const app = await NestFactory.createMicroservice(prepare(toEvents(false), {}).service, { ...tcp, ...quiet })
  closers.push(() => app.close())
  await app.listen()
  const { port } = app.unwrap<NetServer>().address() as AddressInfo
  const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { ...options, port } })
  closers.push(() => client.close())
  assert.equal(await firstValueFrom(client.send('news', {})), 'open')
  const refused = { code: 'config', path: 'Events.placed Auth' }
  const alone = await NestFactory.createMicroservice(prepare(toEvents(), {}).service, { ...tcp, ...quiet })
  await assert.rejects(alone.listen(), refused)
  const beside = await NestFactory.create(prepare(toEvents(write), {}).service, quiet)
  for (const inheritAppConfig of [true, false]) {
    assert.throws(() => beside.connectMicroservice(tcp, { inheritAppConfig }), refused)
  }
})

for (const [claim, controller, options, path] of [
  ['a demand that is wrong', toOrders({ watch: { scopes: [] } }), {}, /^Orders\.watch Auth/],
  ['clear text off loopback', toOrders(), { url: '0.0.0.0:0' }, /^auth$/],
  [
    'a row about nothing',
    toOrders(),
    { grpcResources: { 'grpc.health.v1.Helth': false } },
    /^grpcResources\['grpc\.health\.v1\.Helth'\]$/,
  ],
  ['two rules for one method', toOrders(), { more: [toOrders({ place: write })] }, /^Orders\.place Auth$/],
] as const) {
  test(`does not start with ${claim}`, async () => {
    const { app } = await create(controller, options)
    await assert.rejects(app.listen(), { code: 'config', path })
  })
}
