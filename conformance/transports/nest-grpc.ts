import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { ServerCredentials } from '@grpc/grpc-js'
import type { Metadata, Server } from '@grpc/grpc-js'
import { Controller } from '@nestjs/common'
import type { Type } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { GrpcMethod, GrpcStreamMethod, Transport } from '@nestjs/microservices'
import type { GrpcOptions } from '@nestjs/microservices'
import { map, takeLast } from 'rxjs'
import type { Observable } from 'rxjs'
import { principalOf } from 'barre/grpc'
import { Auth, barre } from 'barre/nest'
import type { Place, Running, Served, TransportKit, Verb } from '../harness/kit.ts'
import { toService } from '../harness/nest-service.ts'
import { defineMethod, send, serviceOf } from './grpc-calls.ts'
import { grpc } from './grpc.ts'

/** gRPC controllers of NestJS 12: unary calls, server streams and client streams. */
export const nestGrpc: TransportKit = {
  ...grpc,
  folder: 'nest',
  name: 'nest gRPC',
  // Its credentials, which are gRPC's own, demand a client certificate or ask for none.
  securities: ['clear', 'required certificate'],
  start,
}

async function start({ auth, resources, services, handle }: Served, place: Place): Promise<Running> {
  const names = Object.keys(resources)
  const controllers = Object.entries(resources).map(([name, says]) => toController(name, says, handle))
  const module = toService({ imports: [barre({ auth, services })], controllers })
  let server: Server | undefined
  const options: GrpcOptions = {
    transport: Transport.GRPC,
    options: {
      url: `${place.host}:0`,
      package: 'test',
      packageDefinition: Object.fromEntries(
        verbs.map((verb) => [serviceOf(verb), definitionOf(verb, names)]),
      ),
      onLoadPackageDefinition: (_definition, made) => (server = made as Server),
      ...tlsOf(place),
    },
  }
  const app = await NestFactory.createMicroservice(module, { ...options, abortOnError: false, logger: false })
  try {
    await app.listen()
  } catch (error) {
    await app.close()
    throw error
  }
  const [http2Server] = server!['http2Servers'].keys()
  const { port } = http2Server!.address() as AddressInfo
  const url = `${place.security === 'clear' ? 'http' : 'https'}://127.0.0.1:${port}`
  return { url, call: (sent) => send(url, place, sent), close: () => app.close() }
}

const verbs = ['read', 'look', 'write'] as const

function definitionOf(verb: Verb, names: readonly string[]) {
  return Object.fromEntries(names.map((name) => [name, defineMethod(verb, name)]))
}

function tlsOf({ security, world }: Place) {
  if (security === 'clear') return {}
  const { certFile, keyFile } = world.serverFiles
  const pair = { private_key: readFileSync(keyFile), cert_chain: readFileSync(certFile) }
  return { credentials: ServerCredentials.createSsl(Buffer.from(world.authority), [pair], true) }
}

/** Node runs no decorator syntax, so decorators are called. */
function toController(name: string, says: Served['resources'][string], handle: Served['handle']): Type {
  class Resource {
    read(sent: unknown, metadata: Metadata): object {
      return handle(principalOf({ metadata }), sent)
    }
    look(_sent: unknown, metadata: Metadata): object {
      return handle(principalOf({ metadata }), undefined)
    }
    write(sent: Observable<unknown>, metadata: Metadata): Observable<object> {
      return sent.pipe(
        takeLast(1),
        map((last) => handle(principalOf({ metadata }), last)),
      )
    }
  }
  const { prototype } = Resource
  Controller()(Resource)
  for (const verb of verbs) {
    const decorate = verb === 'write' ? GrpcStreamMethod : GrpcMethod
    const property = Object.getOwnPropertyDescriptor(prototype, verb)!
    decorate(serviceOf(verb), name)(prototype, verb, property)
    Object.defineProperty(prototype, verb, property)
  }
  if (says !== 'service') Auth(says)(Resource)
  return Resource
}
