import createApplication from 'fastify'
import type { FastifyInstance } from 'fastify'
import { barre } from 'barre/fastify'
import type { Place, Running, Served, TransportKit } from '../harness/kit.ts'
import { overHttp, publicOrigin, tlsOptions, toRunning, version1 } from './over-http.ts'
import { named, version2 } from './over-http2.ts'

/** Fastify 5. */
export const fastify: TransportKit = {
  ...overHttp,
  folder: 'fastify',
  start(served, place) {
    const app = createApplication({ https: tlsOptions(place) ?? null, forceCloseConnections: true })
    return start(app, served, place, version1)
  },
}

export const fastify2: TransportKit = {
  ...named(fastify),
  start(served, place) {
    const https = { ...tlsOptions(place), allowHTTP1: true }
    // Fastify types its application by its server; its plugins are typed for one over HTTP/1.1.
    const app = createApplication({ http2: true, https }) as unknown as FastifyInstance
    return start(app, served, place, version2)
  },
}

async function start(
  app: FastifyInstance,
  { auth, resources, services, handle }: Served,
  place: Place,
  version: typeof version1,
): Promise<Running> {
  await app.register(barre, { auth, services, publicOrigin })
  for (const [name, says] of Object.entries(resources)) {
    app.route({
      method: ['GET', 'POST'],
      url: `/${name}`,
      config: says === 'service' ? {} : { auth: says },
      handler: async ({ principal, body }) => handle(principal, body),
    })
  }
  try {
    await app.listen({ port: 0, host: place.host })
  } catch (error) {
    await app.close()
    throw error
  }
  return toRunning(app.server, place, () => app.close(), version)
}
