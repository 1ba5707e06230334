import { createServices, withServices } from '../auth/index.ts'
import type { ClientAuthConfig, WithServices } from '../auth/index.ts'
import type { MailHandler, MailListener } from '../transports/email/index.ts'
import { pop3Connect, pop3Listen } from '../transports/pop3/index.ts'
import type { Pop3Config, Pop3ListenerConfig, Pop3Session } from '../transports/pop3/index.ts'

export { LoginRefusedError } from '../transports/email/index.ts'
export type * from '../transports/email/index.ts'
export type * from '../transports/pop3/index.ts'

/** Opens a session with our TLS and our credential. Throws ConfigError. */
export const connect: (config: WithServices<Pop3Config<ClientAuthConfig>>) => Promise<Pop3Session> =
  withServices(pop3Connect)

/** Hands each mail of a mailbox to a handler, at least once, and then removes it. Throws ConfigError. */
export function listen(
  { services, ...config }: WithServices<Pop3ListenerConfig<ClientAuthConfig>>,
  handler: MailHandler,
): Promise<MailListener> {
  return pop3Listen(config, handler, createServices(services))
}
