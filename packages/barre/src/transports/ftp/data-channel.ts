import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Client, TransferStrategy } from 'basic-ftp'

/** How long a server that closed a data channel may take to say why, in milliseconds. */
const reasonMs = 1000

/** When the handshake of a data channel is done, or has failed. */
const handshakes = new WeakMap<Socket, Promise<unknown>>()

/**
 * A server that will not transfer closes the data channel, and says why on the other one. The library would end the
 * connection for the first of the two that it sees; here it waits for the second.
 */
export function attendDataChannels(client: Client): void {
  let connect = client.prepareTransfer
  const open: TransferStrategy = async (ftp) => {
    const answer = await connect(ftp)
    // The first time the library finds out how (EPSV or PASV), and puts what it found in our place.
    if (client.prepareTransfer !== open) connect = client.prepareTransfer
    client.prepareTransfer = open
    if (ftp.dataSocket !== undefined) attend(client, ftp.dataSocket)
    return answer
  }
  client.prepareTransfer = open
}

/** Resolves when what is written to the data channel reaches the server that it is meant for, or nobody. */
export async function whenSecure({ ftp: { dataSocket } }: Client): Promise<void> {
  if (dataSocket !== undefined) await handshakes.get(dataSocket)
}

function attend({ ftp }: Client, socket: Socket): void {
  socket.removeAllListeners('error').removeAllListeners('close')
  const fail = (error: Error): void => {
    if (ftp.dataSocket === socket) ftp.closeWithError(error)
  }
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (['ECONNRESET', 'EPIPE'].includes(error.code ?? '')) setTimeout(fail, reasonMs, error).unref()
    else fail(error)
  })
  if (!(socket instanceof TLSSocket)) return
  const { promise, resolve } = Promise.withResolvers<void>()
  // The library watches the transfer alone.
  const timer = setTimeout(fail, ftp.timeout, new Error('Timeout (handshake of the data channel)'))
  void promise.then(() => clearTimeout(timer))
  for (const event of ['secureConnect', 'error', 'close']) socket.once(event, () => resolve())
  handshakes.set(socket, promise)
}
