import { withServices } from '../auth/index.ts'
import type { ClientAuthConfig, WithServices } from '../auth/index.ts'
import { smtpTransport } from '../transports/smtp/index.ts'
import type { SmtpConfig, SmtpTransport } from '../transports/smtp/index.ts'

export { LoginRefusedError } from '../transports/email/index.ts'
export type * from '../transports/email/index.ts'
export type * from '../transports/smtp/index.ts'

/** Makes a transport of nodemailer that sends mail with our TLS and our credential. Throws ConfigError. */
export const createTransport: (config: WithServices<SmtpConfig<ClientAuthConfig>>) => SmtpTransport =
  withServices(smtpTransport)
