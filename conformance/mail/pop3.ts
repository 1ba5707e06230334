import { connect, listen } from 'barre/pop3'
import type { MailKit } from './kit.ts'

export const pop3: MailKit = {
  folder: 'pop3',
  ports: ({ mailboxes: { ports } }) => ({ implicit: ports.pop3s, startTls: ports.pop3 }),
  async tries(config) {
    const session = await connect(config)
    await session.list()
    await session.close()
  },
  refusalWithoutCertificate: /valid SSL certificate/,
  listeners: [{ name: 'pop3', listen }],
}
