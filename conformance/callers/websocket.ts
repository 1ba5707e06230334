import { once } from 'node:events'
import { createClient, CredentialError, HandshakeError } from 'barre/websocket'
import type { CallerKit } from '../harness/calling-kit.ts'
import { websocket as to } from '../transports/index.ts'

/** Connections, each for one call. */
export const websocket: CallerKit = {
  folder: 'websocket',
  to,
  sendsBodyLater: true,
  connect({ url, resource, auth, services, world }) {
    const secureSocket = { cert: world.authorityFile }
    const client = createClient({ url: url.replace('http', 'ws'), auth, services, secureSocket })
    return {
      async call({ caller, body }) {
        try {
          const socket = await client.connect(resource, { caller })
          socket.send(body === undefined ? '' : '{"item":"cup"}')
          await once(socket, 'message')
          socket.terminate()
          return { says: '101' }
        } catch (error) {
          if (error instanceof CredentialError) return { without: error.code }
          if (error instanceof HandshakeError) return { says: String(error.status) }
          throw error
        }
      },
      close: () => client.close(),
    }
  },
}
