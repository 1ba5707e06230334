import { createServer } from 'node:https'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import type { Context } from 'hono'
import { open, protect } from 'barre/hono'
import type { TransportKit } from '../harness/kit.ts'
import { overHttp, run, tlsOptions } from './over-http.ts'

/** Hono 4 on Node. */
export const hono: TransportKit = {
  ...overHttp,
  folder: 'hono',
  async start({ auth, resources, services, handle }, place) {
    const allow = protect({ auth, services })
    const app = new Hono()
    const answer = async (context: Context): Promise<Response> => {
      const sent: unknown = context.req.method === 'POST' ? await context.req.json() : undefined
      return context.json(handle(context.var.principal, sent))
    }
    for (const [name, says] of Object.entries(resources)) {
      const guard = says === false ? open : says === 'service' ? allow() : allow(says)
      app.on(['GET', 'POST'], `/${name}`, guard, answer)
    }
    const tls = tlsOptions(place)
    const { fetch } = app
    const server = createAdaptorServer(
      tls === undefined ? { fetch } : { fetch, createServer, serverOptions: tls },
    )
    allow.check(app, server)
    return run(server, place)
  },
}
