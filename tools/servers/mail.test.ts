import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { connect as connectPlain } from 'node:net'
import { test } from 'node:test'
import { connect } from 'node:tls'
import type { Socket } from 'node:net'
import { createTestCa } from '../test-ca.ts'
import { dovecot, exim, skipWithout } from './index.ts'

const user = { name: 'alice', password: 's3cret' }

void test('a mail that Exim takes is served by Dovecot, also when both have crashed', async (context) => {
  if (skipWithout(dovecot, context) || skipWithout(exim, context)) return
  const ca = await createTestCa()
  context.after(() => ca.remove())
  const tls = { ...ca.server, caFile: ca.caFile }
  const mailboxes = await dovecot.start({ tls, users: { [user.name]: user.password } })
  context.after(() => mailboxes.stop())
  const taker = await exim.start({ tls, dovecot: mailboxes, mailboxes: [user.name] })
  context.after(() => taker.stop())
  const trust = { ca: await readFile(ca.caFile) }

  for (const count of [1, 2]) {
    const smtp = connect({ port: taker.ports.smtps, host: 'localhost', ...trust })
    await converse(smtp, [
      [/^220 /, 'EHLO localhost'],
      [/^250 /m, `AUTH PLAIN ${Buffer.from(`\0${user.name}\0${user.password}`).toString('base64')}`],
      [/^235 /m, 'MAIL FROM:<bob@localhost>'],
      [/^250 OK/m, 'RCPT TO:<alice@localhost>'],
      [/^250 Accepted/m, 'DATA'],
      [/^354 /m, 'Subject: hello\r\n\r\nhello\r\n.'],
      [/^250 OK id=/m, 'QUIT'],
    ])
    // The mail is delivered a moment after it was taken; Dovecot says when.
    const imap = connect({ port: mailboxes.ports.imaps, host: 'localhost', ...trust })
    await converse(imap, [
      [/^\* OK /, `a LOGIN ${user.name} ${user.password}`],
      [/^a OK /m, 'b SELECT INBOX'],
      [/^b OK /m, 'c IDLE'],
      [new RegExp(`^\\* ${count} EXISTS`, 'm'), 'DONE'],
      [/^c OK /m, 'd LOGOUT'],
    ])
    const pop3 = connect({ port: mailboxes.ports.pop3s, host: 'localhost', ...trust })
    await converse(pop3, [
      [/^\+OK /, `USER ${user.name}`],
      [/^\+OK/m, `PASS ${user.password}`],
      [/^\+OK Logged/m, 'STAT'],
      [new RegExp(`^\\+OK ${count} `, 'm'), 'QUIT'],
    ])
    for (const server of [mailboxes, taker]) {
      await server.kill()
      await server.restart()
    }
  }
  // Without TLS nobody is asked for a password.
  const plain = connectPlain(taker.ports.smtp, '127.0.0.1')
  const said = await converse(plain, [
    [/^220 /, 'EHLO localhost'],
    [/^250 /m, 'QUIT'],
  ])
  assert.match(said, /STARTTLS/)
  assert.doesNotMatch(said, /AUTH/)
})

/** Says each line once the server has said what stands before it; gives all that the server said. */
async function converse(socket: Socket, steps: readonly (readonly [RegExp, string])[]): Promise<string> {
  let heard = ''
  const left = [...steps]
  for await (const chunk of socket) {
    heard += String(chunk)
    if (left[0]?.[0].test(heard) === true) socket.write(`${left.shift()?.[1]}\r\n`)
  }
  assert.deepEqual(left, [], heard)
  return heard
}
