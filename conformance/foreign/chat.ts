// The service that foreign WebSocket clients call: it says who they are, and closes.
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { toServerOptions } from 'barre/tls'
import { protect } from 'barre/websocket'
import { issueToken } from '../harness/tokens.ts'
import { close, createWorld } from '../harness/world.ts'
import { jwt } from '../providers/index.ts'

export interface Chat {
  readonly url: string
  /** PEM file of the authority that the server's certificate is of. */
  readonly authorityFile: string
  /** Of alice, who may do everything but what needs the scope `admin`. */
  readonly token: string
  close(): Promise<void>
}

export async function startChat(): Promise<Chat> {
  const world = await createWorld()
  const { entry } = await jwt.prepare(world)
  const live = protect(
    {
      auth: [entry],
      resources: { '/chat': true, '/admin': { scopes: 'admin' } },
      publicOrigin: 'https://chat.example',
      subprotocols: ['chat'],
      tokenInSubprotocol: true,
      messages: { hello: true, stop: { scopes: 'admin' } },
      dispatcherKey: 'type',
    },
    (socket, { principal }) =>
      socket.once('message', () => {
        socket.send(principal?.username ?? '')
        socket.close(1000, 'that is all')
      }),
  )
  const server = createServer(toServerOptions({ key: world.serverFiles }, 'secureSocket'))
  live.attach(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `wss://localhost:${(server.address() as AddressInfo).port}`,
    authorityFile: world.authorityFile,
    token: await issueToken(world),
    async close() {
      await live.close()
      await close(server)
      await world.close()
    },
  }
}
