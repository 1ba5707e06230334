import { connect, listen } from 'barre/imap'
import type { MailKit } from './kit.ts'

export const imap: MailKit = {
  folder: 'imap',
  ports: ({ mailboxes: { ports } }) => ({ implicit: ports.imaps, startTls: ports.imap }),
  async tries(config) {
    const connection = await connect(config)
    await connection.mailboxOpen('INBOX')
    await connection.logout()
  },
  refusalWithoutCertificate: /valid SSL certificate/,
  listeners: [
    { name: 'imap-idle', isTold: true, listen: (config, handler) => listen(config, handler) },
    {
      name: 'imap-poll',
      listen: (config, handler) => listen({ ...config, idle: false, handled: 'deleted' }, handler),
    },
  ],
}
