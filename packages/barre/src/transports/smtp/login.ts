import type { SMTPConnectionOptions } from 'nodemailer'
import type { CredentialSource } from '../../core/index.ts'
import { authenticate, chooseMechanism, LoginRefusedError, presentLogin } from '../email/index.ts'
import type { Login, MailSettings, SaslReply } from '../email/index.ts'

type Handler = NonNullable<SMTPConnectionOptions['customAuth']>[string]
type Context = Parameters<Handler>[0]

/** Logs a connection in, when the library says that it stands. */
export function smtpLogin(
  source: CredentialSource,
  username: string | undefined,
  { host, port }: MailSettings,
): Handler {
  return async (context) => {
    await presentLogin(source, { username, target: `smtp://${host}:${port}` }, async (login) => {
      const mechanism = chooseMechanism(login, offeredBy(context, login))
      if (mechanism === undefined) throw new LoginRefusedError(`the server takes no ${login.kind}`)
      await authenticate(mechanism, login, { host, port }, async (line) =>
        toReply(await context.sendCommand(line)),
      )
    })
  }
}

/** The library tells of no OAUTHBEARER. Asked for where it is not, a server says so before it sees the token. */
function offeredBy({ authMethods }: Context, { kind }: Login): ReadonlySet<string> {
  const offered = new Set(authMethods)
  return kind === 'token' && !offered.has('XOAUTH2') ? offered.add('OAUTHBEARER') : offered
}

interface Response {
  readonly status: number
  readonly response: string
}

function toReply({ status, response }: Response): SaslReply {
  const kind = status === 334 ? 'challenge' : status === 235 ? 'success' : 'refusal'
  return { kind, text: response }
}
