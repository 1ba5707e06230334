import type { ServerDuplexStream } from '@grpc/grpc-js'
import { createServer, grpcStatuses, principalOf } from 'barre/grpc'
import type { LiveKit } from '../harness/live-kit.ts'
import { tlsOf } from '../transports/grpc.ts'
import { jsonMessages } from '../transports/grpc-calls.ts'
import { openStream, path } from './rpc-stream.ts'

const who = { path, requestStream: true, responseStream: true, ...jsonMessages }

/** Bidirectional streams of gRPC. */
export const grpc: LiveKit = {
  folder: 'grpc',
  renewsInBand: false,
  takesProofs: false,
  says: (code) => String(grpcStatuses[code][0]),
  async start({ auth, resource, services }, place) {
    const server = createServer({
      auth,
      services,
      resources: { 'test.Live': resource === 'service' ? true : resource },
      ...tlsOf(place),
    })
    server.addService(
      { who },
      {
        who: (call: ServerDuplexStream<unknown, unknown>) =>
          void call.on('data', () => call.write({ name: principalOf(call)?.username })),
      },
    )
    const port = await server.listen(`${place.host}:0`)
    return {
      connect: (presented) => openStream(`https://127.0.0.1:${port}`, place, presented, 'application/grpc'),
      async close() {
        server.forceShutdown()
        await server.close()
      },
    }
  },
}
