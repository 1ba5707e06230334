/** A Connect service of two methods, whose messages are JSON, and callers of it. */
import type { Server } from 'node:net'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { TestContext } from 'node:test'
import { create, createFileRegistry } from '@bufbuild/protobuf'
import type { DescService } from '@bufbuild/protobuf'
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  file_google_protobuf_wrappers,
  MethodOptions_IdempotencyLevel,
} from '@bufbuild/protobuf/wkt'
import type { StringValue } from '@bufbuild/protobuf/wkt'
import { createClient } from '@connectrpc/connect'
import type { ConnectRouter, HandlerContext, ServiceImpl, Transport } from '@connectrpc/connect'
import { compileAuth, createServices } from '../src/auth/index.ts'
import type { AuthConfig, ResourceAuth } from '../src/auth/index.ts'
import type { Services } from '../src/core/index.ts'
import { principalOf, protect } from '../src/transports/connect/index.ts'
import type { ConnectListener, ConnectOptions } from '../src/transports/connect/index.ts'

import { namedTokens, portOf } from './http-wire.ts'

const text = '.google.protobuf.StringValue'
const file = create(FileDescriptorProtoSchema, {
  name: 'orders.proto',
  package: 'orders',
  syntax: 'proto3',
  dependency: [file_google_protobuf_wrappers.proto.name],
  service: [
    {
      name: 'Orders',
      method: [
        {
          name: 'Place',
          inputType: text,
          outputType: text,
          options: { idempotencyLevel: MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS },
        },
        { name: 'Watch', inputType: text, outputType: text, clientStreaming: true, serverStreaming: true },
        { name: 'List', inputType: text, outputType: text, serverStreaming: true },
      ],
    },
  ],
})
const set = create(FileDescriptorSetSchema, { file: [file_google_protobuf_wrappers.proto, file] })
export const orders: DescService = createFileRegistry(set).getService('orders.Orders')!

/** Answers with the name of the caller; the streams echo, or begin and never end. */
export const implementation: Partial<ServiceImpl<DescService>> = {
  place: (_message: StringValue, context: HandlerContext) => named(context),
  async *watch(messages: AsyncIterable<StringValue>) {
    for await (const message of messages) yield message
  },
  async *list(_message: StringValue, context: HandlerContext) {
    yield named(context)
    await new Promise((resolve) => context.signal.addEventListener('abort', resolve))
  },
} as object

function named(context: HandlerContext): { value: string } {
  return { value: principalOf(context)?.username ?? 'anonymous' }
}

function routes(router: ConnectRouter): unknown {
  return router.service(orders, implementation)
}

export interface ServeOptions extends Partial<ConnectOptions<ResourceAuth>> {
  readonly auth?: AuthConfig
  readonly services?: Partial<Services>
}

export function guarded({ auth, services, ...options }: ServeOptions = {}): ConnectListener {
  const made = createServices(services)
  const rules = compileAuth(auth ?? [{ provider: namedTokens() }], made)
  return protect(rules, { routes, ...options }, made)
}

/** Starts the service on a free port of loopback, until the end of the test. */
export async function serve(
  context: TestContext,
  options: ServeOptions = {},
  toServer: (listener: ConnectListener) => Server = createServer,
): Promise<number> {
  const server = toServer(guarded(options))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => void server.close())
  return portOf(server)
}

export interface Orders {
  place(message: object, options?: object): Promise<StringValue>
  watch(messages: AsyncIterable<object>, options?: object): AsyncIterable<StringValue>
  list(message: object, options?: object): AsyncIterable<StringValue>
}

export function clientOf(transport: Transport): Orders {
  return createClient(orders, transport) as unknown as Orders
}
