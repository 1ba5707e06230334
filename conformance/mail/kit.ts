import type { MailConfig, MailHandler, MailListener, MailListenerConfig } from 'barre/imap'
import type { ClientAuthConfig } from 'barre/auth'
import type { MailServers } from './servers.ts'

export type WireConfig = MailConfig<ClientAuthConfig>

/** A way to listen to a mailbox. */
export interface ListenerKit {
  readonly name: string
  /** Whether the server tells it of new mail. */
  readonly isTold?: boolean
  readonly listen: (config: WireConfig & MailListenerConfig, handler: MailHandler) => Promise<MailListener>
}

/** A protocol of mail. */
export interface MailKit {
  /** The folder in packages/barre/src/transports. */
  readonly folder: string
  ports(servers: MailServers): { readonly implicit: number; readonly startTls: number }
  /** Connects, logs in, and ends it; rejects where that does not go. */
  tries(config: WireConfig): Promise<void>
  /** What the server, or the library, says where the certificate is missing, if it is not the handshake that fails. */
  readonly refusalWithoutCertificate?: RegExp
  readonly listeners?: readonly ListenerKit[]
}
