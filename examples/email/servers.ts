// The mail servers of the example, which run as long as it does: Dovecot with two mailboxes, and Exim before it.
import { dovecot, exim } from '../../tools/servers/index.ts'
import { createTestCa } from '../../tools/test-ca.ts'

export interface MailServers {
  readonly ports: { readonly smtp: number; readonly imap: number }
  /** Who signed the certificates of the servers. */
  readonly caFile: string
  stop(): Promise<void>
}

export async function startServers(users: Readonly<Record<string, string>>): Promise<MailServers> {
  const ca = await createTestCa()
  const tls = { ...ca.server, caFile: ca.caFile }
  const mailboxes = await dovecot.start({ tls, users })
  const taker = await exim.start({ tls, dovecot: mailboxes, mailboxes: Object.keys(users) })
  return {
    ports: { smtp: taker.ports.smtp, imap: mailboxes.ports.imaps },
    caFile: ca.caFile,
    async stop() {
      await taker.stop()
      await mailboxes.stop()
      await ca.remove()
    },
  }
}
