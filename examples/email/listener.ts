// Alice sends a mail, by StartTLS; Bob's program listens to his mailbox, and is told of it at once.
import { once } from 'node:events'
import { connect, listen } from 'barre/imap'
import { createTransport } from 'barre/smtp'
import { startServers } from './servers.ts'

const servers = await startServers({ alice: 'alice123', bob: 'bob123' })
const host = 'localhost'
const secureSocket = { cert: servers.caFile, protocol: { name: 'TLS', versions: ['TLSv1.2'] } } as const

const mailbox = { host, port: servers.ports.imap, secureSocket }
const arrived = new EventTarget()
const listener = await listen(
  { ...mailbox, auth: { username: 'bob', password: 'bob123' } },
  ({ content }) => {
    const [, subject] = /^Subject: (.*)\r$/m.exec(content.toString()) ?? []
    console.log(`Bob has got: ${subject}`)
    arrived.dispatchEvent(new Event('mail'))
  },
)

const mail = once(arrived, 'mail')
const transport = createTransport({
  host,
  port: servers.ports.smtp,
  security: 'START_TLS_ALWAYS',
  auth: { username: 'alice', password: 'alice123' },
  secureSocket,
})
await transport.sendMail({
  from: 'alice@localhost',
  to: 'bob@localhost',
  subject: 'Order 1',
  text: 'A piano.',
})
await mail
await listener.close()

const refused = async (login: Promise<unknown>): Promise<void> => {
  const error: unknown = await login.catch((reason: unknown) => reason)
  console.log(error instanceof Error ? `${error.name}: ${error.message.split(';')[0]}` : 'taken')
}
// Somebody who guesses, and a server that proves nothing to us.
await refused(connect({ ...mailbox, auth: { username: 'bob', password: 'guess' } }))
await refused(connect({ ...mailbox, secureSocket: {}, auth: { username: 'bob', password: 'bob123' } }))
const stranger = { from: 'alice@localhost', to: 'bob@localhost>\r\nRCPT TO:<eve@localhost', text: 'hello' }
await refused(transport.sendMail(stranger))
transport.close()
await servers.stop()

/*
Bob has got: Order 1
LoginRefusedError: Authentication failed.
Error: unable to verify the first certificate
TypeError: to: a line break cannot stand in an address
*/
