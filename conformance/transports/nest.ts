import type { IncomingMessage } from 'node:http'
import type { Server } from 'node:net'
import { Controller, Get, HttpCode, Post, Req } from '@nestjs/common'
import type { Type } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { json } from 'express'
import { Auth, barre } from 'barre/nest'
import type { Principal } from 'barre/core'
import type { Place, Running, Served, TransportKit } from '../harness/kit.ts'
import { toService } from '../harness/nest-service.ts'
import { overHttp, publicOrigin, tlsOptions, toRunning } from './over-http.ts'

/** NestJS 12 on Express, with its body parser behind the guard. */
export const nest: TransportKit = { ...overHttp, folder: 'nest', start }

async function start({ auth, resources, services, handle }: Served, place: Place): Promise<Running> {
  const controllers = Object.entries(resources).map(([name, says]) => toController(name, says, handle))
  const imports = [barre({ auth, services, publicOrigin, parsers: [json() as never] })]
  const tls = tlsOptions(place)
  const app = await NestFactory.create(toService({ imports, controllers }), {
    abortOnError: false,
    bodyParser: false,
    forceCloseConnections: true,
    logger: false,
    ...(tls !== undefined && { httpsOptions: tls as object }),
  })
  try {
    await app.listen(0, place.host)
  } catch (error) {
    await app.close()
    throw error
  }
  return toRunning(app.getHttpServer() as Server, place, () => app.close())
}

/** Node runs no decorator syntax, so decorators are called. */
function toController(name: string, says: Served['resources'][string], handle: Served['handle']): Type {
  class Resource {
    answer({ principal, body }: IncomingMessage & { principal?: Principal; body?: unknown }): object {
      return handle(principal, body)
    }
    write(request: IncomingMessage): object {
      return this.answer(request)
    }
  }
  const { prototype } = Resource
  const property = (key: 'answer' | 'write'): PropertyDescriptor =>
    Object.getOwnPropertyDescriptor(prototype, key)!
  Controller(name)(Resource)
  Get()(prototype, 'answer', property('answer'))
  Post()(prototype, 'write', property('write'))
  HttpCode(200)(prototype, 'write', property('write'))
  Req()(prototype, 'answer', 0)
  Req()(prototype, 'write', 0)
  if (says !== 'service') Auth(says)(Resource)
  return Resource
}
