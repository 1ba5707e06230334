import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { beforeEach, test } from 'node:test'
import { MemoryFiles } from '../../../test/memory-files.ts'
import { createFileClient } from './client.ts'
import type { FileClient, FileResult } from './client.ts'
import { FileError } from './file-error.ts'
import { isPlainName } from './path.ts'
import { readServerUrl } from './server-url.ts'
import { waitingMax } from './sessions.ts'

let server: MemoryFiles
let client: FileClient
beforeEach(() => {
  server = new MemoryFiles()
  server.write('in/a', 'content')
  client = createFileClient(server.open, { maxConnections: 2, timeoutMs: 60_000 }, () => undefined)
})

const codeOf = (result: FileResult<unknown>): string => (result.ok ? 'done' : result.error.code)
const valueOf = <T>(result: FileResult<T>): T => {
  if (!result.ok) throw result.error
  return result.value
}

test('what is done one after the other shares a connection', async () => {
  for (const name of ['a', 'b', 'c']) assert.equal(codeOf(await client.put(name, name)), 'done')
  assert.equal(server.opened, 1)
})

test('a connection is opened again after it has ended', async () => {
  await client.size('in/a')
  server.crash()
  assert.equal(codeOf(await client.size('in/a')), 'unavailable')
  server.isDown = false
  assert.equal(valueOf(await client.size('in/a')), 7)
})

test('there are no more connections than were configured', async () => {
  await Promise.all(Array.from({ length: 20 }, () => client.size('in/a')))
  assert.equal(server.opened, 2)
})

test('a stream keeps its connection busy until it is read, or destroyed', async () => {
  const [first, second] = [valueOf(await client.get('in/a')), valueOf(await client.get('in/a'))]
  const waiting = client.size('in/a')
  assert.equal(
    await Promise.race([waiting.then(() => 'done'), new Promise((go) => setImmediate(go, 'waits'))]),
    'waits',
  )
  assert.equal(await text(first), 'content')
  assert.equal(valueOf(await waiting), 7)
  const third = valueOf(await client.get('in/a'))
  for (const stream of [second, third]) await once(stream.destroy(), 'close')
  assert.equal(valueOf(await client.size('in/a')), 7)
})

test('who waits too long for a connection is told why', async () => {
  const impatient = createFileClient(server.open, { maxConnections: 1, timeoutMs: 10 }, () => undefined)
  const stream = valueOf(await impatient.get('in/a'))
  const result = await impatient.size('in/a')
  assert.match(result.ok ? '' : result.error.message, /^unavailable: all 1 connections are busy/)
  await once(stream.destroy(), 'close')
  assert.equal(valueOf(await impatient.size('in/a')), 7)
})

test('no more wait than may', async () => {
  const streams = [valueOf(await client.get('in/a')), valueOf(await client.get('in/a'))]
  const waiting = Array.from({ length: waitingMax }, () => client.size('in/a'))
  assert.equal(codeOf(await client.size('in/a')), 'unavailable')
  for (const stream of streams) stream.destroy()
  assert.deepEqual(new Set((await Promise.all(waiting)).map(codeOf)), new Set(['done']))
})

test('a closed client does nothing', async () => {
  await client.size('in/a')
  await client.close()
  assert.equal(codeOf(await client.size('in/a')), 'unavailable')
  assert.equal(server.opened, 1)
})

test('content that cannot be written is not left open', async () => {
  server.isDown = true
  const content = Readable.from(['a'])
  assert.equal(codeOf(await client.put('a', content)), 'unavailable')
  assert.ok(content.destroyed)
})

test('a mistake of ours is no answer of the server', async () => {
  const broken = createFileClient(
    () => Promise.reject(new TypeError('a bug')),
    { maxConnections: 1, timeoutMs: 1 },
    () => undefined,
  )
  await assert.rejects(broken.size('a'), /a bug/)
  await assert.rejects(broken.size('a'), /a bug/)
})

for (const name of ['', '.', '..', '../a', '/a', 'a/b', 'a\\b', 'a\nb', 'a\0', 'a\ud800', 'a'.repeat(1025)]) {
  test(`a listed name is refused: ${JSON.stringify(name).slice(0, 20)}`, () => assert.ok(!isPlainName(name)))
}
for (const name of ['a', ' a', '-a', '...', 'é.txt', 'a'.repeat(1024)]) {
  test(`a listed name is taken: ${JSON.stringify(name).slice(0, 20)}`, () => assert.ok(isPlainName(name)))
}

test("a server's words are bounded, and cannot forge a line of a log", () => {
  const { message } = new FileError('refused', `no\r\n\u001b[31mforged ${'x'.repeat(1000)}`)
  assert.ok(!/\p{C}/u.test(message))
  assert.ok(message.length < 250)
})

for (const [url, expected] of [
  ['sftp://a.example', { protocol: 'sftp:', host: 'a.example' }],
  ['sftp://a.example:2222/', { protocol: 'sftp:', host: 'a.example', port: 2222 }],
  ['sftp://[::1]:2222', { protocol: 'sftp:', host: '::1', port: 2222 }],
] as const) {
  test(`a server is read: ${url}`, () => assert.deepEqual(readServerUrl(url, ['sftp:']), expected))
}
