import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { test } from 'node:test'
import type { Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { converse } from './conversation.ts'

const timeoutMs = 60_000

/** Both ends of a connection. */
async function pair(context: TestContext, silentMs = timeoutMs) {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const client = connect((server.address() as { port: number }).port, '127.0.0.1')
  const [far] = await accepted
  far.on('error', () => undefined)
  context.after(() => {
    client.destroy()
    far.destroy()
    server.close()
  })
  far.setNoDelay()
  return { conversation: converse(client, silentMs), client, far }
}

/** Sends pieces apart, each when the last was read. */
async function send(far: Socket, client: Socket, pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    const read = once(client, 'data')
    far.write(piece, 'latin1')
    await read
  }
}

for (const [claim, pieces, content] of [
  ['whole', ['+OK\r\none\r\ntwo\r\n.\r\n'], 'one\r\ntwo\r\n'],
  ['empty', ['+OK\r\n.\r\n'], ''],
  ['cut within its end', ['+OK\r\none\r', '\n.', '\r', '\n'], 'one\r\n'],
  ['cut before each byte', '+OK 1\r\n..a\r\n.\r\n'.split(''), '.a\r\n'],
  ['with lines that begin with a dot', ['+OK\r\n..\r\n...x\r\n..\r\n.\r\n'], '.\r\n..x\r\n.\r\n'],
  ['with bytes of no text', ['+OK\r\n\xff\x00\xfe\r\n.\r\n'], '\xff\x00\xfe\r\n'],
] as const) {
  test(`reads an answer that comes ${claim}`, async (context) => {
    const { conversation, client, far } = await pair(context)
    const reply = conversation.ask('RETR 1', 1000)
    await send(far, client, pieces)
    assert.deepEqual((await reply).content, Buffer.from(content, 'latin1'))
  })
}

test('a refusal is one line, also where much was asked for', async (context) => {
  const { conversation, far } = await pair(context)
  const reply = conversation.ask('RETR 9', 1000)
  far.write('-ERR no such mail\r\n')
  assert.deepEqual(await reply, { kind: 'error', text: 'no such mail', content: Buffer.alloc(0) })
})

for (const [claim, text, says] of [
  ['more than it was asked', '+OK\r\n+OK once more\r\n', /more than it was asked/],
  ['what is not POP3', '220 mail.example\r\n', /does not speak POP3/],
  ['a line without end', 'x'.repeat(9000), /too long/],
] as const) {
  test(`refuses a server that says ${claim}`, async (context) => {
    const { conversation, far } = await pair(context)
    const reply = conversation.say('NOOP')
    far.write(text)
    await assert.rejects(reply, says)
  })
}

test('reads an answer at the limit, and not one beyond it', async (context) => {
  const { conversation, far } = await pair(context)
  const [lineMaxBytes, maxBytes] = [8192, 1000]
  const head = '+OK\r\n'
  const content = 'x'.repeat(lineMaxBytes + maxBytes - head.length - 5)
  const fits = conversation.ask('RETR 1', maxBytes)
  far.write(`${head}${content}\r\n.\r\n`)
  assert.equal((await fits).content.length, content.length + 2)
  const exceeds = conversation.ask('RETR 2', maxBytes)
  far.write(`${head}${content}x\r\n.\r\n`)
  await assert.rejects(exceeds, RangeError)
})

test('a server that speaks unasked is not spoken to any more', async (context) => {
  const { conversation, client, far } = await pair(context)
  far.write('+OK by the way\r\n')
  await once(client, 'close')
  await assert.rejects(conversation.say('NOOP'), /spoke unasked/)
})

test('a server that is silent is left, and one that is gone', async (context) => {
  const silent = await pair(context, 10)
  await assert.rejects(silent.conversation.say('NOOP'), /does not answer/)
  const gone = await pair(context)
  const reply = gone.conversation.say('NOOP')
  gone.far.destroy()
  await assert.rejects(reply, /closed the connection|ECONNRESET/)
  await assert.rejects(gone.conversation.say('NOOP'))
})

test('a command cannot hold another', async (context) => {
  const { conversation } = await pair(context)
  await assert.rejects(conversation.say('USER alice\r\nDELE 1'), /one line/)
})
