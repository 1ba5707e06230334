import { createClient, createServer } from 'barre/udp'
import type { DtlsConnection } from 'barre/udp'
import type { Place, Presented } from '../harness/kit.ts'
import type { SocketConnection, SocketKit } from './kit.ts'

/** DTLS: a refused caller gets the alert access_denied. */
export const udp: SocketKit = {
  folder: 'udp',
  handshakeHasClock: true,
  async start({ auth, services, onHandled }, place) {
    const secureSocket = secure(place)
    const server = createServer(
      { auth, services, secureSocket, idleTimeoutSeconds: 86_400 },
      (connection, { principal }) => {
        onHandled()
        connection.onMessage(() => connection.send(Buffer.from(principal?.username ?? '')))
      },
    )
    const { port } = await server.listen({ port: 0, host: place.host })
    return { connect: (presented) => open(port, place, presented), close: () => server.close() }
  },
}

function secure({ security, world }: Place) {
  const verifyClient = security === 'required certificate' ? 'REQUIRE' : 'OPTIONAL'
  return { key: world.serverFiles, mutualSsl: { verifyClient, cert: world.authorityFile } } as const
}

async function open(port: number, { world }: Place, { certificate }: Presented): Promise<SocketConnection> {
  const secureSocket = {
    cert: world.authorityFile,
    ...(certificate !== undefined && { key: certificate.files }),
  }
  const connection = await createClient({ host: '127.0.0.1', port, secureSocket }).connect()
  const ended = new Promise<Error>((resolve) => {
    connection.onClose((error) => resolve(error ?? new Error('the connection was closed')))
  })
  return {
    ended,
    ask: () =>
      Promise.race([nextMessage(connection), ended.then((reason) => Promise.reject<string>(reason))]),
    async close() {
      connection.close()
      await ended
    },
  }
}

async function nextMessage(connection: DtlsConnection): Promise<string> {
  const answer = new Promise<Buffer>((resolve) => connection.onMessage(resolve))
  connection.send(Buffer.from('?'))
  return (await answer).toString()
}
