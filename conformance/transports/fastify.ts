import createApplication from 'fastify'
import { barre } from 'barre/fastify'
import type { Place, Running, Served, TransportKit } from '../harness/kit.ts'
import { overHttp, publicOrigin, tlsOptions, toRunning } from './over-http.ts'

/** Fastify 5. */
export const fastify: TransportKit = {
  ...overHttp,
  folder: 'fastify',
  start,
}

async function start({ auth, resources, services, handle }: Served, place: Place): Promise<Running> {
  const app = createApplication({ https: tlsOptions(place) ?? null, forceCloseConnections: true })
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
  return toRunning(app.server, place, () => app.close())
}
