import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { fakeServices } from '../../../test/fake-services.ts'
import type { Logged } from '../../../test/fake-services.ts'
import { MemoryFiles } from '../../../test/memory-files.ts'
import { createFileClient } from './client.ts'
import type { FileClient } from './client.ts'
import { sqliteFileState } from './file-state.ts'
import { listenForFiles } from './listener.ts'
import type { FileEvent, FileHandler } from './listener.ts'
import type { FileListenerConfig } from './listener-config.ts'

let server: MemoryFiles
let nowMs: number
let logged: Logged[]
let handled: string[]
const looks = new EventEmitter()
beforeEach(() => {
  server = new MemoryFiles()
  nowMs = 0
  logged = []
  handled = []
})

/** A client that tells when it looks into a directory. */
function connect(): FileClient {
  const client = createFileClient(server.open, { maxConnections: 1, timeoutMs: 1000 }, () => undefined)
  return {
    ...client,
    list: (...given) => {
      looks.emit('look')
      return client.list(...given)
    },
  }
}

/** Listens until the test ends; `handle` may fail. */
function listen(
  context: TestContext,
  config: FileListenerConfig = {},
  handle: (event: FileEvent) => unknown = () => undefined,
) {
  const services = fakeServices(() => nowMs, logged)
  const handler: FileHandler = async (event) => {
    await handle(event)
    handled.push(`${event.type} ${event.file.path}`)
  }
  const all = { path: 'in', pollingInterval: 0.01, settleTime: 0, ...config }
  const listener = listenForFiles(all, handler, 'test://server', connect, services)
  context.after(() => listener.close())
  return listener
}

/** Waits until the directory has been looked at again, wholly: the look after it has begun. */
async function looked(times = 2): Promise<void> {
  for (let count = 0; count < times; count++) await once(looks, 'look')
}

/** Waits until so many files were handled. */
async function until(count: number): Promise<void> {
  while (handled.length < count) await looked(1)
}

describe('a listener', () => {
  test('hands over each file once, the oldest first', async (context) => {
    server.write('in/b', '1', 1)
    server.write('in/a', '2', 2)
    server.write('in/c', '3', 1)
    listen(context)
    await until(3)
    await looked()
    assert.deepEqual(handled, ['added in/b', 'added in/c', 'added in/a'])
  })

  test('hands over what matches its pattern, wholly', async (context) => {
    for (const name of ['a.csv', 'a.csv.part', 'b.txt']) server.write(`in/${name}`, 'x')
    listen(context, { fileNamePattern: '.*\\.csv|x' })
    await until(1)
    await looked()
    assert.deepEqual(handled, ['added in/a.csv'])
  })

  test('tells when a file is gone, and when one of its name comes again', async (context) => {
    server.write('in/a', 'x')
    listen(context)
    await until(1)
    server.files.delete('in/a')
    await until(2)
    server.write('in/a', 'x')
    await until(3)
    assert.deepEqual(handled, ['added in/a', 'deleted in/a', 'added in/a'])
  })

  for (const [claim, content, modifiedAtMs] of [
    ['size', 'longer', 0],
    ['time', 'x', 1],
  ] as const) {
    test(`hands over a file again that is of another ${claim}`, async (context) => {
      server.write('in/a', 'x')
      listen(context)
      await until(1)
      server.write('in/a', content, modifiedAtMs)
      await until(2)
      assert.deepEqual(handled, ['added in/a', 'added in/a'])
    })
  }

  test('waits for a file that still grows', async (context) => {
    server.write('in/a', 'x')
    listen(context, { settleTime: 5 })
    await looked()
    nowMs = 4_999
    await looked()
    server.write('in/a', 'xx')
    await looked()
    nowMs = 9_000
    await looked()
    assert.deepEqual(handled, [])
    nowMs = 10_000
    await until(1)
  })

  test('tries a file again whose handler failed, and goes on with the others', async (context) => {
    server.write('in/a', 'x')
    server.write('in/b', 'x')
    let failures = 3
    listen(context, {}, ({ file }) => {
      if (file.name === 'a' && failures-- > 0) throw new Error('no room')
    })
    await until(2)
    assert.deepEqual(handled, ['added in/b', 'added in/a'])
    assert.deepEqual(
      logged.map(({ level }) => level),
      ['error', 'error', 'error'],
    )
  })

  test('goes on when the server comes back', async (context) => {
    server.write('in/a', 'x')
    const listener = listen(context)
    await until(1)
    assert.ok(listener.ready())
    server.crash()
    await looked()
    assert.ok(!listener.ready())
    server.write('in/b', 'x')
    server.isDown = false
    await until(2)
    assert.deepEqual(handled, ['added in/a', 'added in/b'])
    assert.ok(listener.ready())
  })

  test('never looks while a file is in hand, and waits for that when it is closed', async (context) => {
    server.write('in/a', 'x')
    const begun = Promise.withResolvers<void>()
    const done = Promise.withResolvers<void>()
    const listener = listen(context, {}, () => {
      begun.resolve()
      return done.promise
    })
    await begun.promise
    let count = 0
    looks.on('look', () => count++)
    const closing = listener.close().then(() => handled.length)
    setImmediate(done.resolve)
    assert.equal(await closing, 1)
    assert.equal(count, 0)
    looks.removeAllListeners()
  })
})

describe('a state in a file', () => {
  test('has a listener go on where the last one ended', async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'barre-files-'))
    context.after(() => rmSync(folder, { recursive: true }))
    server.write('in/a', 'x')
    server.write('in/b', 'x')
    const first = sqliteFileState(join(folder, 'state.db'))
    const listener = listen(context, { state: first })
    await until(2)
    await listener.close()
    first.close()
    server.files.delete('in/b')
    server.write('in/c', 'x')
    const second = sqliteFileState(join(folder, 'state.db'))
    context.after(() => second.close())
    listen(context, { state: second })
    await until(4)
    assert.deepEqual(handled.slice(2), ['deleted in/b', 'added in/c'])
  })

  test('that cannot be written has the file come again', async (context) => {
    let failures = 1
    const state = {
      load: () => new Map<string, string>(),
      put: () => {
        if (failures-- > 0) throw new Error('the disk is full')
      },
      delete: () => undefined,
    }
    server.write('in/a', 'x')
    listen(context, { state })
    await until(2)
    await looked()
    assert.deepEqual(handled, ['added in/a', 'added in/a'])
  })

  test('is one for each directory', () => {
    const state = sqliteFileState(':memory:')
    void state.put('one', 'a', '1')
    void state.put('two', 'a', '2')
    void state.delete('one', 'a')
    assert.deepEqual([state.load('one'), state.load('two')], [new Map(), new Map([['a', '2']])])
    state.close()
  })
})

describe('a listener does not start', () => {
  for (const [claim, config, path] of [
    ['with a pattern that is none', { fileNamePattern: '(' }, 'fileNamePattern'],
    ['with a path that cannot be sent', { path: 'a\r\nb' }, 'path'],
    ['with no time between two looks', { pollingInterval: 0 }, 'pollingInterval'],
    ['with a state that is none', { state: {} }, 'state'],
    ['with a slip in a name', { pattern: 'a' }, 'pattern'],
  ] as const) {
    test(claim, (context) => {
      assert.throws(() => listen(context, config as never), { name: 'ConfigError', path })
    })
  }
})
