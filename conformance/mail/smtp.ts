import { createTransport } from 'barre/smtp'
import type { MailKit } from './kit.ts'

export const smtp: MailKit = {
  folder: 'smtp',
  ports: ({ taker: { ports } }) => ({ implicit: ports.smtps, startTls: ports.smtp }),
  async tries(config) {
    const transport = createTransport(config)
    try {
      await transport.verify()
    } finally {
      transport.close()
    }
  },
}
