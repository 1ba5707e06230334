import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { protect } from 'barre/http'
import type { TransportKit } from '../harness/kit.ts'
import { overHttp, publicOrigin, run, tlsOptions } from './over-http.ts'

/** node:http and node:https. */
export const http: TransportKit = {
  ...overHttp,
  folder: 'http',
  takesTrue: true,
  async start({ auth, resources, services, handle }, place) {
    const table = Object.entries(resources).flatMap(([name, says]) =>
      ['GET', 'POST'].map((method) => [`${method} /${name}`, says === 'service' ? true : says] as const),
    )
    const listener = protect(
      { auth, services, publicOrigin, resources: Object.fromEntries(table) },
      async (request, response, { principal }) => {
        const content = handle(principal, await readBody(request))
        response.setHeader('content-type', 'application/json').end(JSON.stringify(content))
      },
    )
    const tls = tlsOptions(place)
    return run(tls === undefined ? createServer(listener) : createTlsServer(tls, listener), place)
  },
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  if (request.method !== 'POST') return undefined
  return JSON.parse(await new Response(request).text())
}
