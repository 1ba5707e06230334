import type { IncomingMessage } from 'node:http'
import { Router } from '@koa/router'
import Koa from 'koa'
import { open, protect } from 'barre/koa'
import type { Guarded } from 'barre/koa'
import type { Place, Running, Served, TransportKit } from '../harness/kit.ts'
import { overHttp, publicOrigin, readBody, run, version1 } from './over-http.ts'
import { named, version2 } from './over-http2.ts'

/** Koa 3 with its router. */
export const koa: TransportKit = {
  ...overHttp,
  folder: 'koa',
  start: (served, place) => start(served, place, version1),
}

export const koa2: TransportKit = { ...named(koa), start: (served, place) => start(served, place, version2) }

function start(
  { auth, resources, services, handle }: Served,
  place: Place,
  version: typeof version1,
): Promise<Running> {
  const allow = protect({ auth, services, publicOrigin })
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
  const callback = app.callback()
  const server = version.toServer((request, response) => void callback(request, response), place)
  allow.check(app, server)
  return run(server, place, version)
}
