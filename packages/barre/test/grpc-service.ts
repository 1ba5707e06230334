/** A gRPC service of two methods, and callers of it that know nothing of us. */
import { afterEach } from 'node:test'
import { credentials, makeClientConstructor, Metadata } from '@grpc/grpc-js'
import type { Client, sendUnaryData, ServerDuplexStream, ServerUnaryCall, ServiceError } from '@grpc/grpc-js'
import { ok, refuse, toPrincipal } from '../src/core/index.ts'
import type { Principal, Provider } from '../src/core/index.ts'
import { compileAuth, createServices } from '../src/auth/index.ts'
import type { AuthConfig, ClientAuthConfig, ResourceAuth } from '../src/auth/index.ts'
import { grpcClient, guardedServer, principalOf } from '../src/transports/grpc/index.ts'
import type { ClientClass, GrpcClientConfig, GrpcServerConfig } from '../src/transports/grpc/index.ts'

/** Jobs for the end of a test. */
export const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

export const toBytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
export const fromBytes = (bytes: Buffer): unknown => JSON.parse(String(bytes))
const wire = {
  requestSerialize: toBytes,
  requestDeserialize: fromBytes,
  responseSerialize: toBytes,
  responseDeserialize: fromBytes,
}
export const orders = {
  Place: { path: '/orders.Orders/Place', requestStream: false, responseStream: false, ...wire },
  Watch: { path: '/orders.Orders/Watch', requestStream: true, responseStream: true, ...wire },
}
const OrdersClient = makeClientConstructor(orders, 'Orders')

/** Takes a bearer token as the name of its caller. */
export function nameIsToken(more: () => Partial<Principal> = () => ({})): Provider<string> {
  return {
    schemes: ['Bearer'],
    read(call) {
      const [value] = call.metadata('authorization')
      return value === undefined ? undefined : ok(value.slice('Bearer '.length))
    },
    verify: (name) => {
      if (name === 'nobody') return refuse('invalid', 'nobody')
      return ok({ principal: toPrincipal({ id: name, username: name, scheme: 'Bearer', ...more() }) })
    },
    challenges: () => ['Bearer'],
  }
}

interface Options extends Partial<GrpcServerConfig<AuthConfig, ResourceAuth>> {
  readonly address?: string
}

/** A service that answers with the name of the caller, and whose streams echo. */
export async function serve({ address = '127.0.0.1:0', ...options }: Options = {}): Promise<number> {
  const services = createServices(options.services)
  const server = guardedServer(
    compileAuth(options.auth ?? [{ provider: nameIsToken() }], services),
    options,
    services,
  )
  closers.push(() => server.forceShutdown())
  server.addService(orders, {
    Place: (call: ServerUnaryCall<unknown, unknown>, done: sendUnaryData<unknown>) =>
      done(null, principalOf(call)?.username ?? 'anonymous'),
    Watch(call: ServerDuplexStream<unknown, unknown>) {
      call.on('data', (message) => call.write(message))
      call.on('end', () => call.end())
    },
  })
  return server.listen(address)
}

/** gRPC's own client, which knows nothing of us. */
export function foreign(port: number): Client {
  const client = new OrdersClient(`127.0.0.1:${port}`, credentials.createInsecure())
  closers.push(() => client.close())
  return client
}

export function bearer(name: string): Metadata {
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${name}`)
  return metadata
}

export type Placed = { readonly error: ServiceError | null; readonly answer?: unknown }

export function place(client: Client, metadata: Metadata, options: object = {}): Promise<Placed> {
  const { path } = orders.Place
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, toBytes, fromBytes, {}, metadata, options, (error, answer) =>
      resolve({ error, answer }),
    )
  })
}

export function createClient<C extends Client>(
  service: ClientClass<C>,
  config: GrpcClientConfig<ClientAuthConfig>,
): C {
  return grpcClient(service, config, createServices(config.services))
}
