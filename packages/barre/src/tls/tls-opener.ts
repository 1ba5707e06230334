import { checkServerIdentity, connect } from 'node:tls'
import { systemClock } from '../core/index.ts'
import { readClientOptions } from './options.ts'
import { toSocketOptions } from './socket-options.ts'
import { stapleCheck } from './staple-check.ts'
import type { ConnectionOptions, DetailedPeerCertificate, TLSSocket } from 'node:tls'
import type { ClientSecureSocket, Log } from '../core/index.ts'
import type { ClientTlsOptions } from './options.ts'

/** What opens outgoing TLS connections by one configuration. */
export interface TlsOpener extends ClientTlsOptions {
  /** As `tls.connect`, with the files as they are now and every check of the configuration. */
  open(options: ConnectionOptions): TLSSocket
}

/**
 * `toClientOptions` for connections that we open ourselves, which alone can look at what a server staples. Under
 * `certValidation` no session is resumed: a resumed one shows neither certificate nor response.
 */
export function tlsOpener(
  secureSocket: ClientSecureSocket,
  path: string,
  now: () => number = systemClock,
  log?: Log,
): TlsOpener {
  const { options, certValidation } = readClientOptions(secureSocket, path, now, log)
  const tls = certValidation === undefined ? options : { ...options, shareSession: false }
  const shared = toSocketOptions(tls)
  if (certValidation === undefined) return { ...tls, open: (own) => connect({ ...shared, ...own }) }
  const check = stapleCheck(certValidation, now)
  return {
    ...tls,
    open(own) {
      let response: Buffer | undefined
      const socket = connect({
        ...shared,
        ...own,
        requestOCSP: true,
        checkServerIdentity: (host, peer) =>
          (tls.verifyHostName ? checkServerIdentity(host, peer) : undefined) ??
          // node:tls asks for the whole chain where it calls this.
          check(response, peer as DetailedPeerCertificate, tls.renewed().ca),
      })
      // Comes within the handshake, before the identity is checked; null where nothing is stapled.
      socket.once('OCSPResponse', (stapled: Buffer | null) => (response = stapled ?? undefined))
      return socket
    },
  }
}
