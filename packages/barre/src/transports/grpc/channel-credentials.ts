import { credentials } from '@grpc/grpc-js'
import type { ChannelCredentials } from '@grpc/grpc-js'
import type { Socket } from 'node:net'
import { toSocketOptions } from '../../tls/index.ts'
import type { ClientTlsOptions } from '../../tls/index.ts'

/** TLS of a channel: each connection gets the files of the configuration as they are then. */
export function channelCredentials(tls: ClientTlsOptions): ChannelCredentials {
  const { secureContext, rejectUnauthorized, checkServerIdentity } = toSocketOptions(tls)
  const made = credentials.createFromSecureContext(secureContext!, {
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
    ...(checkServerIdentity !== undefined && { checkServerIdentity }),
  })
  return tls.handshakeTimeoutMs === undefined ? made : limited(made, tls.handshakeTimeoutMs)
}

/** gRPC gives a handshake as long as it takes. */
function limited(made: ChannelCredentials, handshakeTimeoutMs: number): ChannelCredentials {
  const create = made['_createSecureConnector'].bind(made)
  made['_createSecureConnector'] = (...args) => {
    const connector = create(...args)
    const connect = connector.connect.bind(connector)
    connector.connect = async (socket: Socket) => {
      const late = new Error(`the TLS handshake was not ready within ${handshakeTimeoutMs} ms`)
      const timer = setTimeout(() => socket.destroy(late), handshakeTimeoutMs)
      const failed = new Promise<never>((_, reject) => socket.once('error', reject))
      try {
        return await Promise.race([connect(socket), failed])
      } finally {
        clearTimeout(timer)
      }
    }
    return connector
  }
  return made
}
