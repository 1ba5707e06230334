import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { Client } from 'basic-ftp'
import { entriesMax, within } from '../files/index.ts'
import type { Login } from '../files/index.ts'
import { toSocketOptions } from '../../tls/index.ts'
import type { ClientTlsOptions } from '../../tls/index.ts'
import { attendDataChannels } from './data-channel.ts'
import { asUntrusted, toFileError } from './reply.ts'

/** An FTP server, and how it is spoken to; without `tls` in clear text. */
export interface FtpServer {
  readonly host: string
  readonly port: number
  readonly timeoutMs: number
  readonly tls?: { readonly mode: 'EXPLICIT' | 'IMPLICIT'; readonly options: ClientTlsOptions }
}

/** The most that one entry of a listing may take, in bytes. */
const entryMaxBytes = 1024

/** Opens a connection of the library's that is logged in, and whose data channels are protected. Throws FileError. */
export async function openFtp(server: FtpServer, login: Login): Promise<Client> {
  const client = new Client(server.timeoutMs, {
    // What a server says of another host is not followed: it would be a way through our firewall.
    allowSeparateTransferHost: false,
    maxListingBytes: entriesMax * entryMaxBytes,
  })
  attendDataChannels(client)
  try {
    // The library waits for the end of a handshake for ever.
    await within(server.timeoutMs, secure(client, server))
    await client.login(login.username, login.password)
    if (server.tls !== undefined) await protectData(client)
    await client.useDefaultSettings()
    return client
  } catch (error) {
    client.close()
    throw toFileError(error)
  }
}

/** Connects. Nothing that is ours has been sent when TLS does not come about. */
async function secure(client: Client, { host, port, tls }: FtpServer): Promise<void> {
  if (tls === undefined) await client.connect(host, port)
  else if (tls.mode === 'IMPLICIT') await client.connectImplicitTLS(host, port, toTls(host, tls.options))
  else {
    await client.connect(host, port)
    await client.useTLS(toTls(host, tls.options)).catch(asUntrusted('it did not agree to TLS'))
  }
}

/** RFC 4217 §9. The library's own defaults go on when a server refuses. */
async function protectData(client: Client): Promise<void> {
  const refused = asUntrusted('it does not protect the data channel')
  await client.send('PBSZ 0').catch(refused)
  await client.send('PROT P').catch(refused)
}

/** For the control channel and, with its session, for each data channel: the host stands in the certificate of both. */
function toTls(host: string, options: ClientTlsOptions): ConnectionOptions {
  return { host, ...(isIP(host) === 0 && { servername: host }), ...toSocketOptions(options) }
}
