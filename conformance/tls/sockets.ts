/** WebSockets, and GraphQL on top of them. */
import { createServer } from 'node:https'
import { buildSchema } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { guardSchema, overWebSocket } from 'barre/graphql'
import { createClient, protect } from 'barre/websocket'
import type { ProtectedSockets } from 'barre/websocket'
import { auth, optional, patience, serveBy } from './kit.ts'
import type { Open, Serve, Wire } from './kit.ts'

const protocol = 'graphql-transport-ws'
const resources = { '/who': optional }
const schema = guardSchema(buildSchema('type Query { who: String }'))

const serveSockets = (make: () => ProtectedSockets): Serve =>
  serveBy((options) => {
    const server = createServer(options)
    const live = make()
    live.attach(server)
    return {
      server,
      async close() {
        for (const socket of live.server.clients) socket.terminate()
        await live.close()
        server.close()
      },
    }
  })

function overGraphql(): ProtectedSockets {
  const live = protect({ auth, resources, subprotocols: [protocol], inBand: 'handler' })
  useServer({ schema, ...overWebSocket(live) }, live.server)
  return live
}

const connectBy =
  (...subProtocols: readonly string[]): Open =>
  (port, secureSocket, services) => {
    const url = `wss://localhost:${port}`
    const client = createClient({ url, secureSocket, services, subProtocols, handShakeTimeout: patience })
    return {
      async call() {
        const socket = await client.connect('who')
        socket.terminate()
      },
      close: () => client.close(),
    }
  }

export const socketWires: readonly Wire[] = [
  {
    name: 'websocket',
    serve: serveSockets(() => protect({ auth, resources }, () => undefined)),
    open: connectBy(),
    tried: ['listener', 'client'],
  },
  {
    name: 'graphql over WebSocket',
    serve: serveSockets(overGraphql),
    open: connectBy(protocol),
    tried: ['listener'],
  },
]
