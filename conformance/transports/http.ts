import { protect } from 'barre/http'
import type { Place, Running, Served, TransportKit } from '../harness/kit.ts'
import { overHttp, publicOrigin, readBody, run, version1 } from './over-http.ts'
import { named, version2 } from './over-http2.ts'

/** node:http and node:https. */
export const http: TransportKit = {
  ...overHttp,
  folder: 'http',
  takesTrue: true,
  start: (served, place) => start(served, place, version1),
}

/** node:http2. */
export const http2: TransportKit = {
  ...named(http),
  start: (served, place) => start(served, place, version2),
}

function start(
  { auth, resources, services, handle }: Served,
  place: Place,
  version: typeof version1,
): Promise<Running> {
  const table = Object.entries(resources).flatMap(([name, says]) =>
    ['GET', 'POST'].map((method) => [`${method} /${name}`, says === 'service' ? true : says] as const),
  )
  const listener = protect(
    { auth, services, publicOrigin, resources: Object.fromEntries(table) },
    async (request, response, { principal }) => {
      const content = handle(principal, await readBody(request))
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(content))
    },
  )
  return run(version.toServer(listener, place), place, version)
}
