import { dovecot, exim } from '../../tools/servers/index.ts'
import type { RunningDovecot, RunningExim } from '../../tools/servers/index.ts'
import { tokenIssuer, user } from '../brokers/world.ts'
import type { BrokerWorld } from '../brokers/world.ts'

export const audience = 'mail'

/** One Dovecot, and the Exim that delivers to it. */
export interface MailServers {
  readonly mailboxes: RunningDovecot
  readonly taker: RunningExim
  stop(): Promise<void>
}

/** What is different from servers that know alice by every mechanism. */
interface MailNeeds {
  readonly mechanisms?: readonly string[]
  /** Who else has a mailbox, by token. */
  readonly others?: readonly string[]
}

/** Clients must show a certificate, and log in. */
export async function startMail(
  { serverTls: tls, tokenKey }: BrokerWorld,
  { mechanisms, others = [] }: MailNeeds,
): Promise<MailServers> {
  const key = tokenKey.export({ format: 'pem', type: 'spki' }).toString()
  const common = { tls, clientCertificates: 'require', ...(mechanisms && { mechanisms }) } as const
  const mailboxes = await dovecot.start({
    ...common,
    users: { [user.name]: user.password },
    tokens: { keys: { 'RS256/one': key }, issuer: tokenIssuer, audience },
  })
  try {
    const taker = await exim.start({ ...common, dovecot: mailboxes, mailboxes: [user.name, ...others] })
    return {
      mailboxes,
      taker,
      async stop() {
        await taker.stop()
        await mailboxes.stop()
      },
    }
  } catch (error) {
    await mailboxes.stop()
    throw error
  }
}
