import { ConfigError, record } from '../../core/index.ts'
import type { CredentialSource, Services, Shape } from '../../core/index.ts'
import { authenticate, chooseMechanism, LoginRefusedError } from '../email/index.ts'
import { mailMembers, presentLogin, toMailSettings } from '../email/index.ts'
import type { Login, MailConfig, MailSettings, SaslReply } from '../email/index.ts'
import { converse } from './conversation.ts'
import type { Conversation } from './conversation.ts'
import type { Reply } from './reply.ts'
import { pop3Session } from './session.ts'
import type { Pop3Session } from './session.ts'
import { openPlain, openTls } from './socket.ts'

/** How to connect to a POP3 server. */
export type Pop3Config<Auth = unknown> = MailConfig<Auth>

const pop3Shape: Shape<Pop3Config> = record<Pop3Config>(mailMembers)

const ports = { implicit: 995, startTls: 110 }

/**
 * Opens a session, which is logged in: what it removes is gone when it is closed. Throws ConfigError, CredentialError,
 * LoginRefusedError, and what node:tls throws.
 */
export async function pop3Connect(config: Pop3Config, services: Services): Promise<Pop3Session> {
  const opener = pop3Opener(pop3Shape.check(config, ''), services)
  try {
    const session = await opener.open()
    return {
      ...session,
      async close() {
        await opener.close()
        await session.close()
      },
    }
  } catch (error) {
    await opener.close()
    throw error
  }
}

/** Makes sessions on one server, each with the credential of then. */
export interface Pop3Opener {
  open(): Promise<Pop3Session>
  close(): Promise<void>
}

/** For a configuration whose shape was checked. Throws ConfigError. */
export function pop3Opener(config: Pop3Config, services: Services): Pop3Opener {
  const settings = toMailSettings(config, ports, services)
  const { auth, username } = config
  if (auth === undefined) throw new ConfigError('auth', 'required: nobody has no mailbox')
  const source: CredentialSource = services.credentialSource(auth, 'auth')
  const target = `pop3://${settings.host}:${settings.port}`
  return {
    open: () => presentLogin(source, { username, target }, (login) => openSession(settings, login)),
    close: async () => source.close?.(),
  }
}

async function openSession(settings: MailSettings, login: Login): Promise<Pop3Session> {
  const conversation = await connect(settings)
  try {
    await logIn(conversation, login, settings)
    return pop3Session(conversation)
  } catch (error) {
    conversation.destroy()
    throw error
  }
}

/** Connects, and is secure where it has to be. */
async function connect(settings: MailSettings): Promise<Conversation> {
  const { encryption, timeoutMs } = settings
  const socket = encryption === 'implicit' ? await openTls(settings) : await openPlain(settings)
  const conversation = converse(socket, timeoutMs)
  try {
    expect(await conversation.greeting())
    if (encryption === 'implicit' || encryption === 'none') return conversation
    const { capabilities } = await askCapabilities(conversation)
    if (!capabilities.has('STLS')) {
      if (encryption === 'offered') return conversation
      throw new Error('the server offers no TLS (STLS), which security demands')
    }
    expect(await conversation.say('STLS'))
    conversation.detach()
    return converse(await openTls(settings, socket), timeoutMs)
  } catch (error) {
    conversation.destroy()
    throw error
  }
}

async function logIn(conversation: Conversation, login: Login, settings: MailSettings): Promise<void> {
  const { sasl } = await askCapabilities(conversation)
  const mechanism = chooseMechanism(login, sasl)
  if (mechanism !== undefined) {
    await authenticate(mechanism, login, settings, async (line) => toSasl(await conversation.say(line)))
    return
  }
  if (login.kind === 'token') throw new LoginRefusedError('the server takes no token')
  const known = await conversation.say(`USER ${login.username}`)
  const reply = known.kind === 'ok' ? await conversation.say(`PASS ${login.secret.reveal()}`) : known
  if (reply.kind !== 'ok') throw new LoginRefusedError(reply.text)
}

const capabilitiesMaxBytes = 16_384

/** What the server can do (RFC 2449); nothing where it does not know the question. */
async function askCapabilities(conversation: Conversation): Promise<{
  readonly capabilities: ReadonlySet<string>
  readonly sasl: ReadonlySet<string>
}> {
  const { content } = await conversation.ask('CAPA', capabilitiesMaxBytes)
  const lines = content.toString('utf8').toUpperCase().split('\r\n')
  const words = lines.map((line) => line.trim().split(/ +/))
  const [, ...sasl] = words.find(([name]) => name === 'SASL') ?? []
  return { capabilities: new Set(words.flatMap(([name]) => name ?? [])), sasl: new Set(sasl) }
}

function toSasl({ kind, text }: Reply): SaslReply {
  return { kind: kind === 'ok' ? 'success' : kind === 'error' ? 'refusal' : 'challenge', text }
}

function expect({ kind, text }: Reply): void {
  if (kind !== 'ok') throw new Error(`the server refuses: ${text}`)
}
