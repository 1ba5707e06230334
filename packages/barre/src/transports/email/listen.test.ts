import assert from 'node:assert/strict'
import { once } from 'node:events'
import { syncBuiltinESMExports } from 'node:module'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import timers from 'node:timers/promises'
import { fakeServices } from '../../../test/fake-services.ts'
import { listenToMail } from './listen.ts'
import type { MailHandler, MailListenerConfig } from './listen.ts'
import type { Mailbox, MailEntry } from './mailbox.ts'

/** A mailbox in memory, which writes down what becomes of it, and whose connections fail where a test says so. */
function fakeMailbox(mails: Record<string, number>, more: Partial<Mailbox> = {}) {
  const left = new Map(Object.entries(mails))
  const events: string[] = []
  const box: Mailbox = {
    list: () => Promise.resolve([...left].map(([id, size]) => ({ id, size }))),
    fetch: ({ id, size }) => Promise.resolve(Buffer.alloc(size, id)),
    settle({ id }) {
      left.delete(id)
      events.push(`settled ${id}`)
      return Promise.resolve()
    },
    close() {
      events.push('closed')
      return Promise.resolve()
    },
    ...more,
  }
  const failures: Error[] = []
  const opener = {
    open() {
      const failure = failures.shift()
      events.push(failure === undefined ? 'opened' : 'failed')
      return failure === undefined ? Promise.resolve(box) : Promise.reject(failure)
    },
    close() {
      events.push('ended')
      return Promise.resolve()
    },
  }
  return { left, events, failures, opener }
}

const nowMs = 1_800_000_000_000

const listen = (
  { opener }: Pick<ReturnType<typeof fakeMailbox>, 'opener'>,
  handler: MailHandler,
  config: MailListenerConfig = {},
) =>
  listenToMail(
    opener,
    { pollingInterval: 0.05, ...config },
    handler,
    fakeServices(() => nowMs),
  )

/** Has a function called each time that a connection is asked for. */
function atOpen({ opener }: ReturnType<typeof fakeMailbox>, call: () => void): void {
  const open = opener.open.bind(opener)
  opener.open = () => {
    call()
    return open()
  }
}

/** Resolves when it was called so often. */
function counter(count: number) {
  const target = new EventTarget()
  let calls = 0
  const reached = once(target, 'reached')
  return {
    reached,
    call: () => {
      if (++calls === count) target.dispatchEvent(new Event('reached'))
      return calls
    },
  }
}

test('each mail is handled, settled, and one after the other', async () => {
  const fake = fakeMailbox({ a: 1, b: 2 })
  const two = counter(2)
  let inHand = 0
  const listener = await listen(fake, async ({ id, size, content }) => {
    assert.equal(++inHand, 1)
    assert.deepEqual(content, Buffer.alloc(size, id))
    await new Promise(setImmediate)
    inHand--
    two.call()
  })
  await two.reached
  await listener.close()
  assert.deepEqual(fake.events, ['opened', 'settled a', 'settled b', 'closed', 'ended'])
})

const failForA: MailHandler = ({ id }) => {
  if (id === 'a') throw new Error('no')
}

test('a mail whose handler fails does not keep the others from theirs', async () => {
  const fake = fakeMailbox({ a: 1, b: 1 })
  const failed = counter(2)
  const told: (string | undefined)[] = []
  const onError = (_: unknown, mail?: MailEntry): void => {
    told.push(mail?.id)
    failed.call()
  }
  const listener = await listen(fake, failForA, { onError })
  await failed.reached
  await listener.close()
  assert.deepEqual([told, [...fake.left.keys()]], [['a', 'a'], ['a']])
})

test('a mail at the limit is handled, one beyond it is told once and never fetched', async () => {
  const fetched: string[] = []
  const fake = fakeMailbox(
    { at: 10, beyond: 11 },
    {
      fetch(entry) {
        fetched.push(entry.id)
        return Promise.resolve(Buffer.alloc(entry.size))
      },
    },
  )
  const told: (string | undefined)[] = []
  const looks = counter(3)
  atOpen(fake, looks.call)
  const onError = (_: unknown, mail?: MailEntry): void => void told.push(mail?.id)
  const listener = await listen(fake, () => undefined, { maxMailBytes: 10, onError })
  await looks.reached
  await listener.close()
  assert.deepEqual([fetched, told], [['at'], ['beyond']])
})

test('the first connection must stand; later ones are made again', async () => {
  const refused = fakeMailbox({})
  refused.failures.push(new Error('refused'))
  await assert.rejects(
    listen(refused, () => undefined),
    /refused/,
  )
  assert.deepEqual(refused.events, ['failed', 'ended'])

  const fake = fakeMailbox({})
  const told: string[] = []
  const back = counter(3)
  const listener = await listen(fake, () => undefined, {
    onError(error) {
      told.push(String(error))
      assert.equal(listener.ready(), false)
    },
  })
  fake.failures.push(new Error('down'))
  atOpen(fake, back.call)
  await back.reached
  await listener.close()
  assert.deepEqual(told, ['Error: down'])
  assert.deepEqual(fake.events.slice(0, 4), ['opened', 'closed', 'failed', 'opened'])
  assert.equal(listener.ready(), true)
})

test('a connection is left when what opened it ends, and not before it is looked at again', async () => {
  const waits: number[] = []
  const opened = counter(2)
  let passedMs = 0
  const fake = fakeMailbox(
    {},
    {
      endsAtMs: nowMs + 2000,
      waitForNews(maxMs) {
        waits.push(maxMs)
        passedMs += maxMs
        return Promise.resolve()
      },
    },
  )
  atOpen(fake, opened.call)
  const services = fakeServices(() => nowMs + passedMs)
  const listener = await listenToMail(fake.opener, { pollingInterval: 1.5 }, () => undefined, services)
  await opened.reached
  await listener.close()
  assert.deepEqual(waits.slice(0, 2), [1500, 500])
  assert.deepEqual(fake.events.slice(0, 3), ['opened', 'closed', 'opened'])
})

test('closing waits for the mail in hand, and takes no other', async () => {
  const fake = fakeMailbox({ a: 1, b: 1 })
  const started = counter(1)
  const { promise, resolve } = Promise.withResolvers<void>()
  const listener = await listen(fake, async () => {
    started.call()
    await promise
  })
  await started.reached
  const closed = listener.close()
  resolve()
  await closed
  assert.deepEqual(fake.events, ['opened', 'settled a', 'closed', 'ended'])
})

test('what was not settled for certain is an error', async () => {
  const lost = fakeMailbox({ a: 1 }, { close: () => Promise.reject(new Error('cut off')) })
  const told = counter(1)
  const errors: string[] = []
  const onError = (error: unknown): void => {
    errors.push(String(error))
    told.call()
  }
  const listener = await listen(lost, () => undefined, { onError })
  await told.reached
  await listener.close()
  assert.equal(errors[0], 'Error: cut off')
})

/** The pauses that are made from here on, each over at once. */
function pausesOf(context: TestContext): readonly number[] {
  const pauses: number[] = []
  context.mock.method(timers, 'setTimeout', (ms: number) => Promise.resolve(pauses.push(ms)))
  syncBuiltinESMExports()
  context.after(() => {
    context.mock.restoreAll()
    syncBuiltinESMExports()
  })
  return pauses
}

test('a connection that stood is made again after the first pause, however often it was lost', async (context) => {
  const pauses = pausesOf(context)
  const fake = fakeMailbox({}, { waitForNews: () => Promise.reject(new Error('lost')) })
  const lost = counter(4)
  const listener = await listen(fake, () => undefined, { onError: () => void lost.call() })
  await lost.reached
  await listener.close()
  assert.deepEqual(pauses.slice(0, 3), [250, 250, 250])
})

test('a server that is not there is asked after growing pauses', async (context) => {
  const pauses = pausesOf(context)
  const fake = fakeMailbox({}, { waitForNews: () => Promise.reject(new Error('lost')) })
  const lost = counter(4)
  const listener = await listen(fake, () => undefined, {
    onError() {
      if (lost.call() === 1)
        fake.failures.push(...['first', 'second', 'third'].map((text) => new Error(text)))
    },
  })
  await lost.reached
  await listener.close()
  assert.deepEqual(pauses.slice(0, 3), [250, 500, 1000])
})

test('a listener is ready again while it handles the first mail after an outage', async () => {
  const looks = [[], new Error('lost'), [{ id: 'a', size: 1 }]]
  const fake = fakeMailbox(
    { a: 1 },
    {
      list() {
        const look = looks.shift() ?? []
        return look instanceof Error ? Promise.reject(look) : Promise.resolve(look)
      },
    },
  )
  const ready: boolean[] = []
  const handled = counter(1)
  const listener = await listen(
    fake,
    () => {
      ready.push(listener.ready())
      handled.call()
    },
    { onError: () => void ready.push(listener.ready()) },
  )
  await handled.reached
  await listener.close()
  assert.deepEqual(ready, [false, true])
})
