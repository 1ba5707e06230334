import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ended, open, say, serveSockets, textOf } from '../../../test/websocket-wire.ts'

const messages = {
  ping: false,
  list: true,
  add: { scopes: 'write' },
  purge: { scopes: { all: ['write', 'admin'] } },
} as const
const options = { messages, dispatcherKey: 'type', resources: { '/live': { optional: true } } } as const

const rows = [
  [undefined, '{"type":"ping"}', 'let through'],
  [undefined, '{"type":"list"}', '4401 unauthorized'],
  ['alice', '{"type":"list"}', 'let through'],
  ['alice', '{"type":"add"}', '4403 insufficient_scope'],
  ['alice.9.write', '{"type":"add"}', 'let through'],
  ['alice.9.write', '{ "item": 1, "type": "add" }', 'let through'],
  ['alice.9.write', '{"type":"purge"}', '4403 insufficient_scope'],
  ['alice.9.write+admin', '{"type":"purge"}', 'let through'],
  // What has no row, or no type that all readers agree on, is nobody's.
  ['alice.9.write+admin', '{"type":"other"}', '4403 insufficient_scope'],
  ['alice.9.write+admin', '{"type":"*"}', '4403 insufficient_scope'],
  ['alice.9.write+admin', '{"type":"ping","type":"purge"}', '4403 insufficient_scope'],
  ['alice.9.write+admin', '{"\\u0074ype":"ping","type":"purge"}', '4403 insufficient_scope'],
  ['alice.9.write+admin', '{"type":["list"]}', '4403 insufficient_scope'],
  ['alice.9.write+admin', '{"type":"__proto__"}', '4403 insufficient_scope'],
  ['alice.9.write+admin', '[]', '4403 insufficient_scope'],
  ['alice.9.write+admin', 'list', '4403 insufficient_scope'],
  ['alice.9.write+admin', '{"type":"list"', '4403 insufficient_scope'],
  ['alice.9.write+admin', Buffer.from('{"type":"list"}'), '4403 insufficient_scope'],
] as const
for (const [token, message, expected] of rows) {
  const what = typeof message === 'string' ? message : 'binary'
  test(`${what} of ${token ?? 'nobody'}: ${expected}`, async (context) => {
    const heard: string[] = []
    const { url } = await serveSockets(context, options, (socket) => {
      socket.on('message', (data) => {
        heard.push(textOf(data))
        socket.close(1000, 'let through')
      })
    })
    const socket = await open(url, token)
    const end = ended(socket)
    socket.send(message)
    assert.equal(await end, expected === 'let through' ? '1000 let through' : expected)
    assert.equal(heard.length, expected === 'let through' ? 1 : 0)
  })
}

test("a row '*' is for every other message", async (context) => {
  const { url } = await serveSockets(context, {
    messages: { add: { scopes: 'write' }, '*': true },
    dispatcherKey: 'type',
  })
  const socket = await open(url, 'alice')
  assert.equal(await say(socket, 'anything'), 'alice: anything')
  const end = ended(socket)
  socket.send('{"type":"add"}')
  assert.equal(await end, '4403 insufficient_scope')
})

test('a refused message may be answered, and the connection goes on', async (context) => {
  const { url } = await serveSockets(context, {
    ...options,
    refuseMessage: ({ code, scopes }, type) => JSON.stringify({ code, scopes, type }),
  })
  const socket = await open(url, 'alice')
  assert.equal(
    await say(socket, '{"type":"add"}'),
    '{"code":"insufficient_scope","scopes":["write"],"type":"add"}',
  )
  assert.equal(await say(socket, '{"type":"list"}'), 'alice: {"type":"list"}')
})

test('the program may find the type of a message itself', async (context) => {
  const { url } = await serveSockets(context, {
    messages: { '1': { scopes: 'write' }, '2': true },
    dispatcherKey: (message, isBinary) => (isBinary ? String(message[0]) : undefined),
  })
  const socket = await open(url, 'alice')
  const answer = say(socket, '')
  socket.send(Buffer.from([2, 0]))
  await Promise.race([answer, ended(socket)])
  const other = await open(url, 'alice')
  const end = ended(other)
  other.send(Buffer.from([1]))
  assert.equal(await end, '4403 insufficient_scope')
})
