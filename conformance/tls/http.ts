/** The wires over HTTP: each way that a framework is given its TLS, and each client that opens connections. */
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import type { RequestListener } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Controller, Post } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { create } from 'axios'
import createExpress from 'express'
import createFastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { buildSchema, graphql } from 'graphql'
import { Hono } from 'hono'
import Koa from 'koa'
import { createAdapter } from 'barre/axios'
import { protect as protectExpress } from 'barre/express'
import { barre as barreFastify } from 'barre/fastify'
import { createClient } from 'barre/fetch'
import { authDirective, guardSchema } from 'barre/graphql'
import { protect as protectHono } from 'barre/hono'
import { protect } from 'barre/http'
import { protect as protectKoa } from 'barre/koa'
import { Auth, barre as barreNest } from 'barre/nest'
import type { ServerTlsOptions } from 'barre/tls'
import { toService } from '../harness/nest-service.ts'
import { auth, optional, patience, serveBy } from './kit.ts'
import type { Made, Open, Serve, Wire } from './kit.ts'

const resources = { 'GET /who': optional, 'POST /who': optional }
const http: RequestListener = protect({ auth, resources }, (_request, response) => response.end())

const schema = guardSchema(buildSchema(`${authDirective} type Query { who: String @auth(optional: true) }`))
const graphqlListener: RequestListener = protect(
  { auth, resources },
  async (_request, response, { principal }) => {
    response.end(JSON.stringify(await graphql({ schema, source: '{ who }', contextValue: { principal } })))
  },
)

async function fastify(options: object): Promise<Made> {
  const app: FastifyInstance = createFastify({ ...options, forceCloseConnections: true })
  await app.register(barreFastify, { auth })
  app.all('/who', { config: { auth: optional } }, () => '')
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { server: app.server, close: () => app.close() }
}

function express(options: ServerTlsOptions): Made {
  const allow = protectExpress({ auth })
  const app = createExpress().all('/who', allow(optional), (_request, response) => void response.end())
  allow.check(app)
  return { server: createServer(options, app) }
}

function koa(options: ServerTlsOptions): Made {
  const allow = protectKoa({ auth })
  const app = new Koa().use(allow(optional)).use((context) => void (context.body = ''))
  const callback = app.callback()
  const server = createServer(options, (request, response) => void callback(request, response))
  allow.check(app, server)
  return { server }
}

function hono(options: ServerTlsOptions): Made {
  const allow = protectHono({ auth })
  const app = new Hono().all('/who', allow(optional), (context) => context.text(''))
  const listener = getRequestListener(app.fetch)
  const server = createServer(options, (request, response) => void listener(request, response))
  allow.check(app, server)
  return { server }
}

async function nest(options: ServerTlsOptions): Promise<Made> {
  class Resource {
    who(): string {
      return ''
    }
  }
  // Node runs no decorator syntax, so decorators are called.
  Controller('who')(Resource)
  Post()(Resource.prototype, 'who', Object.getOwnPropertyDescriptor(Resource.prototype, 'who')!)
  Auth(optional)(Resource)
  const app = await NestFactory.create(
    toService({ imports: [barreNest({ auth })], controllers: [Resource] }),
    { abortOnError: false, forceCloseConnections: true, logger: false, httpsOptions: options as object },
  )
  await app.listen(0, '127.0.0.1')
  return { server: app.getHttpServer() as Made['server'], close: () => app.close() }
}

/** A listener of node:https, whose framework has no TLS of its own. */
export const onHttps = (listener: RequestListener): Serve =>
  serveBy((options) => ({ server: createServer(options, listener) }))

export const serveHttp = onHttps(http)

export const byFetch =
  (httpVersion: 'HTTP_1_1' | 'HTTP_2'): Open =>
  (port, secureSocket, services) => {
    const client = createClient({ ...toConfig(port, secureSocket, services), httpVersion })
    return {
      call: async () => (await client('/who', { method: 'POST' })).text(),
      close: () => client.close(),
    }
  }

const byAxios: Open = (port, secureSocket, services) => {
  const adapter = createAdapter(toConfig(port, secureSocket, services))
  return { call: () => create({ adapter }).post('/who'), close: () => adapter.close() }
}

function toConfig(...[port, secureSocket, services]: Parameters<Open>) {
  const baseUrl = `https://localhost:${port}`
  return { baseUrl, secureSocket, services, connectTimeout: patience, reqTimeout: patience }
}

const listeners: Readonly<Record<string, Serve>> = {
  express: serveBy(express),
  fastify: serveBy((https) => fastify({ https })),
  'fastify over HTTP/2': serveBy((https) => fastify({ http2: true, https: { ...https, allowHTTP1: true } })),
  'graphql over HTTP': onHttps(graphqlListener),
  hono: serveBy(hono),
  koa: serveBy(koa),
  nest: serveBy(nest),
}

export const httpWires: readonly Wire[] = [
  { name: 'http and fetch', serve: serveHttp, open: byFetch('HTTP_1_1'), tried: ['listener', 'client'] },
  {
    name: 'http and fetch, over HTTP/2',
    serve: serveBy((options) => ({ server: createSecureServer(options, http as never) })),
    open: byFetch('HTTP_2'),
    tried: ['listener', 'client'],
  },
  { name: 'axios', serve: serveHttp, open: byAxios, tried: ['client'] },
  ...Object.entries(listeners).map(([name, serve]): Wire => ({
    name,
    serve,
    open: byFetch('HTTP_1_1'),
    tried: ['listener'],
  })),
]
