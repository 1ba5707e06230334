import { createServices, withServices } from '../auth/index.ts'
import type { ClientAuthConfig, WithServices } from '../auth/index.ts'
import type { MailHandler, MailListener } from '../transports/email/index.ts'
import { imapConnect, imapListen } from '../transports/imap/index.ts'
import type { ImapConfig, ImapListenerConfig } from '../transports/imap/index.ts'
import type { ImapFlow } from 'imapflow'

export { LoginRefusedError } from '../transports/email/index.ts'
export type * from '../transports/email/index.ts'
export type * from '../transports/imap/index.ts'

/** Opens a connection of imapflow with our TLS and our credential. Throws ConfigError. */
export const connect: (config: WithServices<ImapConfig<ClientAuthConfig>>) => Promise<ImapFlow> =
  withServices(imapConnect)

/** Hands each unseen mail of a mailbox to a handler, at least once, for as long as it runs. Throws ConfigError. */
export function listen(
  { services, ...config }: WithServices<ImapListenerConfig<ClientAuthConfig>>,
  handler: MailHandler,
): Promise<MailListener> {
  return imapListen(config, handler, createServices(services))
}
