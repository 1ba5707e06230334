import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { withServices } from '../../auth/index.ts'
import { pop3Connect } from './connect.ts'
import type { Conversation } from './conversation.ts'
import type { Reply } from './reply.ts'
import { pop3Session } from './session.ts'

const connect = withServices(pop3Connect)
const auth = { username: 'alice', password: 'word' }
const host = 'mail.example'

describe('a session is not opened', () => {
  for (const [claim, config, path] of [
    ['without a server', { auth }, 'host'],
    ['as nobody', { host }, 'auth'],
    ['with an auth of no kind', { host, auth: { apiKey: 'x' } }, 'auth'],
    ['in clear text off loopback', { host, auth, security: 'START_TLS_NEVER' }, 'security'],
  ] as const) {
    test(claim, async () => {
      await assert.rejects(async () => connect(config as never), { name: 'ConfigError', path })
    })
  }
})

/** A server that answers as a test says. */
function fakeConversation(
  answers: Readonly<Record<string, string>>,
): Conversation & { readonly ended: string[] } {
  const ended: string[] = []
  const answer = (line: string): Promise<Reply> => {
    const content = answers[line]
    return Promise.resolve({
      kind: content === undefined ? 'error' : 'ok',
      text: 'no',
      content: Buffer.from(content ?? ''),
    })
  }
  return {
    ended,
    greeting: () => answer(''),
    say: answer,
    ask: answer,
    detach: () => undefined,
    destroy: () => void ended.push('destroyed'),
  }
}

test('lists mails by the ids that last, with their sizes', async () => {
  const session = pop3Session(
    fakeConversation({ UIDL: '1 aa\r\n2 b b\r\nx cc\r\n3 \r\n', LIST: '1 120\r\n2 340 and more\r\n' }),
  )
  assert.deepEqual(await session.list(), [
    { number: 1, id: 'aa', size: 120 },
    { number: 2, id: 'b', size: 340 },
  ])
})

test('a mail at the limit is read, one beyond it ends the session', async () => {
  const conversation = fakeConversation({ 'RETR 1': 'x'.repeat(10), 'RETR 2': 'x'.repeat(11) })
  const session = pop3Session(conversation)
  assert.equal((await session.retrieve(1, 10)).length, 10)
  await assert.rejects(session.retrieve(2, 10), RangeError)
  assert.deepEqual(conversation.ended, ['destroyed'])
})

test('a refusal of the server is an error, at the end too', async () => {
  const conversation = fakeConversation({})
  const session = pop3Session(conversation)
  await assert.rejects(session.list(), /refuses: no/)
  await assert.rejects(session.remove(1), /refuses: no/)
  await assert.rejects(session.close(), /refuses: no/)
  assert.deepEqual(conversation.ended, ['destroyed'])
})
