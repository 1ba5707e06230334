import { createServer, grpcStatuses } from 'barre/grpc'
import type { Place, TransportKit } from '../harness/kit.ts'
import { addServices, send, serviceNames } from './grpc-calls.ts'

/** gRPC: unary calls, server streams and client streams. */
export const grpc: TransportKit = {
  folder: 'grpc',
  takesTrue: true,
  securities: ['clear', 'optional certificate', 'required certificate'],
  admitted: '0',
  unknown: '12',
  spellings: (resource) => [
    resource.toUpperCase(),
    `/${resource}`,
    `./${resource}`,
    `open/../${resource}`,
    `%${resource.charCodeAt(0).toString(16)}${resource.slice(1)}`,
    ...['/', '/.', '%2f', '%00', ';a=b', '?', '#open'].map((suffix) => resource + suffix),
  ],
  says: (code) => String(grpcStatuses[code][0]),
  async start({ auth, resources, services, handle }, place) {
    const rows = Object.entries(resources).flatMap(([name, says]) =>
      serviceNames.map((service) => [`${service}/${name}`, says === 'service' ? true : says] as const),
    )
    const server = createServer({
      auth,
      services,
      resources: Object.fromEntries(rows),
      ...tlsOf(place),
    })
    addServices(server, Object.keys(resources), handle)
    const port = await server.listen(`${place.host}:0`)
    const url = `${place.security === 'clear' ? 'http' : 'https'}://127.0.0.1:${port}`
    return {
      url,
      call: (sent) => send(url, place, sent),
      async close() {
        server.forceShutdown()
        await server.close()
      },
    }
  },
}

/** TLS as a configuration of our own says it. */
export function tlsOf({ security, world }: Place) {
  if (security === 'clear') return {}
  const verifyClient = security === 'required certificate' ? ('REQUIRE' as const) : ('OPTIONAL' as const)
  return { secureSocket: { key: world.serverFiles, mutualSsl: { verifyClient, cert: world.authorityFile } } }
}
