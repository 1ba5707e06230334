/** gRPC and Connect, whose libraries open and take connections by themselves. */
import { createSecureServer } from 'node:http2'
import type { DescMethodUnary } from '@bufbuild/protobuf'
import type { StructSchema } from '@bufbuild/protobuf/wkt'
import { Client } from '@grpc/grpc-js'
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js'
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node'
import { protect, transportOptions } from 'barre/connect'
import { createClient, createServer } from 'barre/grpc'
import { describeMethods, toStruct } from '../transports/connect-calls.ts'
import { fromBytes, jsonMessages, toBytes } from '../transports/grpc-calls.ts'
import { auth, optional, serveBy } from './kit.ts'
import type { Open, Serve, Wire } from './kit.ts'

const resources = { 'test.Tls': optional }
const who = { path: '/test.Tls/who', requestStream: false, responseStream: false, ...jsonMessages }

function answer(_call: ServerUnaryCall<unknown, unknown>, done: sendUnaryData<unknown>): void {
  done(null, {})
}

const serveGrpc: Serve = async (secureSocket) => {
  const server = createServer({ auth, resources, secureSocket })
  server.addService({ who }, { who: answer })
  return { port: await server.listen('127.0.0.1:0'), close: () => server.forceShutdown() }
}

const byGrpc: Open = (port, secureSocket, services) => {
  const client = createClient(Client, { url: `https://localhost:${port}`, secureSocket, services })
  return {
    call: () =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(who.path, toBytes, fromBytes, {}, (error, value) =>
          error === null ? resolve(value) : reject(error),
        )
      }),
    close: () => client.close(),
  }
}

const [described] = describeMethods([['Tls', 'who', false, false]])

const serveConnect: Serve = serveBy((options) => ({
  server: createSecureServer(
    { ...options, allowHTTP1: true },
    protect({
      auth,
      resources,
      routes: (router) => router.service(described!, { who: () => toStruct({}) } as object),
    }),
  ),
}))

/** Connect by HTTP/1.1 and its own protocol, or by HTTP/2 and gRPC. */
const byConnect =
  (
    toTransport: (options: ReturnType<typeof transportOptions>) => ReturnType<typeof createGrpcTransport>,
  ): Open =>
  (port, secureSocket, services) => {
    const options = transportOptions({ baseUrl: `https://localhost:${port}`, secureSocket, services })
    const transport = toTransport(options)
    const method = described!.methods[0] as DescMethodUnary<typeof StructSchema, typeof StructSchema>
    return {
      call: () => transport.unary(method, undefined, undefined, undefined, {}),
      close: () => options.close(),
    }
  }

const unusable = ['certValidation', 'handshakeTimeout', 'sessionTimeout'] as const

export const rpcWires: readonly Wire[] = [
  {
    name: 'grpc',
    serve: serveGrpc,
    open: byGrpc,
    tried: ['listener', 'client'],
    staplesNot: true,
    unusable: ['certValidation', 'sessionTimeout'],
  },
  {
    name: 'connect over HTTP/1.1',
    serve: serveConnect,
    open: byConnect((options) =>
      createConnectTransport({ ...options, httpVersion: '1.1', useBinaryFormat: true }),
    ),
    tried: ['listener', 'client'],
    unusable,
  },
  {
    name: 'connect over HTTP/2',
    serve: serveConnect,
    open: byConnect((options) => createGrpcTransport(options)),
    tried: ['listener', 'client'],
    unusable,
  },
]
