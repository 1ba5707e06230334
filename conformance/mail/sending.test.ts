// What must not go out by SMTP, against a server that would take anything.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createTransport } from 'barre/smtp'
import { fakeServer, scripts } from './fake-server.ts'
import type { Script } from './fake-server.ts'

const injected = 'RCPT TO:<mallory@localhost>'
const plain = { from: 'alice@localhost', to: 'bob@localhost', subject: 'hello', text: 'hello' }

/** Takes mail from everybody. */
const open: Script = {
  greeting: '220 mail.example',
  answer: (line) =>
    line.startsWith('EHLO') ? '250 mail.example\r\n' : line === 'DATA' ? '354 go\r\n' : '250 OK\r\n',
}

async function sending(
  script: Script,
  config: object,
  mail: object,
): Promise<{ readonly outcome: string; readonly heard: string }> {
  const server = await fakeServer(script)
  const transport = createTransport({
    host: '127.0.0.1',
    port: server.port,
    security: 'START_TLS_AUTO',
    ...config,
  })
  const outcome = await transport.sendMail(mail).then(
    () => 'sent',
    (error: Error) => error.message,
  )
  transport.close()
  await server.close()
  return { outcome, heard: server.heard() }
}

test('a mail goes out', async () => {
  const { outcome, heard } = await sending(open, {}, plain)
  assert.equal(outcome, 'sent')
  assert.match(heard, /^MAIL FROM:<alice@localhost>.*\r\nRCPT TO:<bob@localhost>\r\nDATA\r\n/m)
})

void describe('a mail with a line break in an address is refused', () => {
  for (const [field, value] of [
    ['envelope', { from: plain.from, to: `bob@localhost>\r\n${injected}` }],
    ['envelope', { from: `alice@localhost>\r\n${injected}`, to: [plain.to] }],
    ['to', `bob@localhost>\r\n${injected}`],
    ['cc', [plain.to, { name: 'bob', address: `bob@localhost>\n${injected}` }]],
    ['bcc', { name: `bob\r${injected}`, address: plain.to }],
    ['from', { name: '', address: `alice@localhost>\r\n${injected}` }],
  ] as const) {
    void test(`${field}: ${JSON.stringify(value)}`, async () => {
      const { outcome, heard } = await sending(open, {}, { ...plain, [field]: value })
      assert.equal(outcome, `${field}: a line break cannot stand in an address`)
      assert.doesNotMatch(heard, /RCPT TO|DATA/)
    })
  }
})

test('a line break in a header begins no other', async () => {
  const { outcome, heard } = await sending(open, {}, { ...plain, subject: 'hello\r\nBcc: mallory@localhost' })
  assert.equal(outcome, 'sent')
  assert.doesNotMatch(heard, /^Bcc:/m)
})

test('with auth, no mail goes out as nobody: a server without a way to log in gets none', async () => {
  const auth = { username: 'alice', password: 's3cret-enough' }
  for (const script of [open, scripts.smtp()]) {
    const { outcome, heard } = await sending(
      {
        ...script,
        answer: (line) => (line.startsWith('AUTH') ? '535 no\r\n' : script.answer(line)),
      },
      { auth },
      plain,
    )
    assert.notEqual(outcome, 'sent')
    assert.doesNotMatch(heard, /RCPT TO|DATA/)
  }
})

test('options of the library cannot turn off what is configured', async () => {
  const options = { requireTLS: false, ignoreTLS: true, secure: false } as object
  const { outcome, heard } = await sending(open, { security: 'START_TLS_ALWAYS', options }, plain)
  assert.notEqual(outcome, 'sent')
  assert.doesNotMatch(heard, /MAIL FROM/)
})
