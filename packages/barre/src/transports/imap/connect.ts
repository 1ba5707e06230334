import { ImapFlow } from 'imapflow'
import type { ImapFlowOptions } from 'imapflow'
import { ConfigError, optional, record } from '../../core/index.ts'
import type { CredentialSource, Log, Members, Services, Shape } from '../../core/index.ts'
import { anyRecord, LoginRefusedError, mailMembers, presentLogin, toMailSettings } from '../email/index.ts'
import type { Encryption, Login, MailConfig, MailSettings } from '../email/index.ts'

/** How to connect to an IMAP server. */
export interface ImapConfig<Auth = unknown> extends MailConfig<Auth> {
  /** What else the library takes: `clientInfo`, `maxIdleTime`, `maxLiteralSize`. */
  readonly options?: Omit<
    ImapFlowOptions,
    'host' | 'port' | 'secure' | 'doSTARTTLS' | 'tls' | 'auth' | 'servername'
  >
}

export const imapMembers: Members<ImapConfig> = { ...mailMembers, options: optional(anyRecord) }

const imapShape: Shape<ImapConfig> = record<ImapConfig>(imapMembers)

const ports = { implicit: 993, startTls: 143 }

/**
 * Opens a connection of the library's own, which is logged in. It lasts as long as the server keeps it; a listener
 * connects again by itself. Throws ConfigError, CredentialError, LoginRefusedError, and what the library throws.
 */
export async function imapConnect(config: ImapConfig, services: Services): Promise<ImapFlow> {
  const opener = imapOpener(imapShape.check(config, ''), services)
  try {
    const { connection } = await opener.open()
    connection.on('close', () => void opener.close())
    return connection
  } catch (error) {
    await opener.close()
    throw error
  }
}

/** A connection, and when what it was opened with ends. */
export interface OpenedImap {
  readonly connection: ImapFlow
  readonly endsAtMs?: number
}

/** Makes connections to one server, each with the credential of then. */
export interface ImapOpener {
  open(): Promise<OpenedImap>
  close(): Promise<void>
}

/** For a configuration whose shape was checked. Throws ConfigError. */
export function imapOpener(config: ImapConfig, services: Services): ImapOpener {
  const settings = toMailSettings(config, ports, services)
  const { auth, username, options = {} } = config
  if (auth === undefined) throw new ConfigError('auth', 'required: nobody has no mailbox')
  const source: CredentialSource = services.credentialSource(auth, 'auth')
  const target = `imap://${settings.host}:${settings.port}`
  return {
    open: () =>
      presentLogin(source, { username, target }, async (login) => ({
        connection: await logIn(settings, options, login, services.log),
        ...(login.endsAtMs !== undefined && { endsAtMs: login.endsAtMs }),
      })),
    close: async () => source.close?.(),
  }
}

async function logIn(
  settings: MailSettings,
  options: NonNullable<ImapConfig['options']>,
  { kind, username, secret }: Login,
  log: Log,
): Promise<ImapFlow> {
  const connection = new ImapFlow({
    logger: false,
    // A server may end what is silent for half an hour (RFC 2177), and what lies between much earlier.
    maxIdleTime: 240_000,
    ...options,
    host: settings.host,
    port: settings.port,
    ...toLibrary[settings.encryption],
    tls: settings.tls,
    auth: { user: username, [kind === 'password' ? 'pass' : 'accessToken']: secret.reveal() },
    connectionTimeout: settings.timeoutMs,
    greetingTimeout: settings.timeoutMs,
  })
  // Without a listener, an error would end the program.
  connection.on('error', (error) => log.warn({ error: error.message }, 'IMAP reported an error'))
  // The library would wait minutes for an answer to each question of ours.
  const timer = setTimeout(() => connection.close(), settings.timeoutMs)
  try {
    await connection.connect()
  } catch (error) {
    connection.close()
    throw toError(error)
  } finally {
    clearTimeout(timer)
  }
  if (connection.secureConnection || !mustBeSecure.has(settings.encryption)) return connection
  connection.close()
  throw new Error('the connection is not secure')
}

const mustBeSecure: ReadonlySet<Encryption> = new Set(['implicit', 'required'])

const toLibrary: Readonly<Record<Encryption, Pick<ImapFlowOptions, 'secure' | 'doSTARTTLS'>>> = {
  implicit: { secure: true },
  required: { secure: false, doSTARTTLS: true },
  offered: { secure: false },
  none: { secure: false, doSTARTTLS: false },
}

/** What the library throws where a login is refused has its reason in a field. */
function toError(error: unknown): unknown {
  if (!(error instanceof Error) || !('authenticationFailed' in error)) return error
  const said = 'responseText' in error ? String(error.responseText) : error.message
  return new LoginRefusedError(said, { cause: error })
}
