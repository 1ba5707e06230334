import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { IncomingMessage, RequestListener } from 'node:http'
import { Router } from '@koa/router'
import Koa from 'koa'
import { open, protect } from 'barre/koa'
import type { Guarded } from 'barre/koa'
import type { TransportKit } from '../harness/kit.ts'
import { overHttp, readBody, run, tlsOptions } from './over-http.ts'

/** Koa 3 with its router. */
export const koa: TransportKit = {
  ...overHttp,
  folder: 'koa',
  async start({ auth, resources, services, handle }, place) {
    const allow = protect({ auth, services })
    const app = new Koa<object, Guarded>()
    const router = new Router<object, Guarded>({ strict: true })
    const answer = async (context: Guarded & { req: IncomingMessage; body: unknown }): Promise<void> => {
      context.body = handle(context.principal, await readBody(context.req))
    }
    for (const [name, says] of Object.entries(resources)) {
      const guard = says === false ? open : says === 'service' ? allow() : allow(says)
      router.get(`/${name}`, guard, answer)
      router.post(`/${name}`, guard, answer)
    }
    app.use(router.routes())
    const tls = tlsOptions(place)
    const callback = app.callback()
    const listener: RequestListener = (request, response) => void callback(request, response)
    const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
    allow.check(app, server)
    return run(server, place)
  },
}
