import { once } from 'node:events'
import { connect } from 'node:tls'
import { createServer } from 'barre/tcp'
import type { Place, Presented } from '../harness/kit.ts'
import type { SocketConnection, SocketKit } from './kit.ts'

/** TLS over TCP: the first that a caller hears of a refusal is the end of the connection. */
export const tcp: SocketKit = {
  folder: 'tcp',
  async start({ auth, services, onHandled }, place) {
    const server = createServer({ auth, services, ...secure(place) }, (socket, { principal }) => {
      onHandled()
      socket.on('data', () => socket.write(principal?.username ?? ''))
    })
    const { port } = await server.listen({ port: 0, host: place.host })
    return { connect: (presented) => open(port, place, presented), close: () => server.close() }
  },
}

function secure({ security, world }: Place) {
  if (security === 'clear') return {}
  const verifyClient = security === 'required certificate' ? 'REQUIRE' : 'OPTIONAL'
  return {
    secureSocket: { key: world.serverFiles, mutualSsl: { verifyClient, cert: world.authorityFile } },
  } as const
}

async function open(port: number, { world }: Place, { certificate }: Presented): Promise<SocketConnection> {
  const socket = connect({ port, host: '127.0.0.1', ca: world.authority, ...certificate })
  const ended = new Promise<Error>((resolve) => {
    socket.once('error', resolve)
    socket.once('close', () => resolve(new Error('the connection was closed')))
  })
  const orEnd = async <T>(event: Promise<T>): Promise<T> =>
    Promise.race([event, ended.then((reason) => Promise.reject(reason))])
  await orEnd(once(socket, 'secureConnect'))
  return {
    ended,
    async ask() {
      socket.write('?')
      const [answer] = (await orEnd(once(socket, 'data'))) as [Buffer]
      return answer.toString()
    },
    async close() {
      socket.destroy()
      await ended
    },
  }
}
