import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import type { Context } from 'hono'
import { open, protect } from 'barre/hono'
import type { Place, Running, Served, TransportKit } from '../harness/kit.ts'
import { overHttp, publicOrigin, run, version1 } from './over-http.ts'
import { named, version2 } from './over-http2.ts'

/** Hono 4 on Node. */
export const hono: TransportKit = {
  ...overHttp,
  folder: 'hono',
  start: (served, place) => start(served, place, version1),
}

export const hono2: TransportKit = {
  ...named(hono),
  start: (served, place) => start(served, place, version2),
}

function start(
  { auth, resources, services, handle }: Served,
  place: Place,
  version: typeof version1,
): Promise<Running> {
  const allow = protect({ auth, services, publicOrigin })
  const app = new Hono()
  const answer = async (context: Context): Promise<Response> => {
    const sent: unknown = context.req.method === 'POST' ? await context.req.json() : undefined
    return context.json(handle(context.var.principal, sent))
  }
  for (const [name, says] of Object.entries(resources)) {
    const guard = says === false ? open : says === 'service' ? allow() : allow(says)
    app.on(['GET', 'POST'], `/${name}`, guard, answer)
  }
  const listener = getRequestListener(app.fetch)
  const server = version.toServer((request, response) => void listener(request, response), place)
  allow.check(app, server)
  return run(server, place, version)
}
