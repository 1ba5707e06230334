import { createTransport } from 'nodemailer'
import type { SMTPSentMessageInfo, SMTPTransportOptions, Transporter } from 'nodemailer'
import { optional, record } from '../../core/index.ts'
import type { CredentialSource, Services, Shape } from '../../core/index.ts'
import { anyRecord, mailMembers, toMailSettings } from '../email/index.ts'
import type { Encryption, MailConfig } from '../email/index.ts'
import { refuseLineBreaks } from './addresses.ts'
import { smtpLogin } from './login.ts'

/** How to send mail. Without `auth` the server must take it from anybody who reaches it. */
export interface SmtpConfig<Auth = unknown> extends MailConfig<Auth> {
  /** Keep connections open between mails. */
  readonly pool?: boolean
  /** What else the library takes: `name`, `dkim`, `maxConnections`. */
  readonly options?: Omit<SMTPTransportOptions, OwnOption>
}

type OwnOption =
  | 'host'
  | 'port'
  | 'secure'
  | 'requireTLS'
  | 'ignoreTLS'
  | 'opportunisticTLS'
  | 'tls'
  | 'auth'
  | 'customAuth'

export type SmtpTransport = Transporter<SMTPSentMessageInfo>

const smtpShape: Shape<SmtpConfig> = record<SmtpConfig>({
  ...mailMembers,
  pool: optional({ check: (value) => value === true, json: {} }),
  options: optional(anyRecord),
})

const ports = { implicit: 465, startTls: 587 }

/** A method of no server: by its name the library has our login made. */
const ownMethod = 'BARRE'

/**
 * A transport of the library's own. Each connection that it makes shows the credential of then. Nothing is connected
 * before the first mail, or `verify()`. Throws ConfigError.
 */
export function smtpTransport(config: SmtpConfig, services: Services): SmtpTransport {
  const checked = smtpShape.check(config, '')
  const { auth, username, pool = false, options } = checked
  const settings = toMailSettings(checked, ports, services)
  const source = auth === undefined ? undefined : services.credentialSource(auth, 'auth')
  const transport = createTransport({
    ...options,
    ...(pool && { pool }),
    host: settings.host,
    port: settings.port,
    ...toLibrary[settings.encryption],
    tls: settings.tls,
    connectionTimeout: settings.timeoutMs,
    greetingTimeout: settings.timeoutMs,
    ...(source !== undefined && {
      auth: { type: 'custom', method: ownMethod },
      customAuth: { [ownMethod]: smtpLogin(source, username, settings) },
      // Else mail goes out as nobody's where the server offers no way to log in.
      forceAuth: true,
    }),
  } as SMTPTransportOptions)
  transport.use('compile', refuseLineBreaks)
  return closingWith(transport, source)
}

/** Each explicit, so that `options` cannot say otherwise. */
const toLibrary: Readonly<Record<Encryption, SMTPTransportOptions>> = {
  implicit: { secure: true, requireTLS: false, ignoreTLS: false, opportunisticTLS: false },
  required: { secure: false, requireTLS: true, ignoreTLS: false, opportunisticTLS: false },
  offered: { secure: false, requireTLS: false, ignoreTLS: false, opportunisticTLS: false },
  none: { secure: false, requireTLS: false, ignoreTLS: true, opportunisticTLS: false },
}

function closingWith(transport: SmtpTransport, source: CredentialSource | undefined): SmtpTransport {
  const close = transport.close.bind(transport)
  transport.close = (...given) => {
    void source?.close?.()
    return close(...given)
  }
  return transport
}
