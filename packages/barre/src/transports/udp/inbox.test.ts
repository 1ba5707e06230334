import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createInbox, keptMax } from './inbox.ts'

test(`${keptMax} datagrams are kept, and what comes then is lost`, async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const inbox = createInbox<number>(1000)
  for (let count = 0; count <= keptMax; count++) inbox.put(count)
  for (let count = 0; count < keptMax; count++) assert.equal(await inbox.take(), count)
  const late = assert.rejects(inbox.take(), /no datagram came within 1000 ms/)
  context.mock.timers.tick(1000)
  await late
})

test('who waits is served in order, and who gave up is not', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const inbox = createInbox<string>(1000)
  const tired = assert.rejects(inbox.take())
  context.mock.timers.tick(999)
  const [first, second] = [inbox.take(), inbox.take()]
  context.mock.timers.tick(1)
  await tired
  inbox.put('one')
  inbox.put('two')
  assert.deepEqual([await first, await second], ['one', 'two'])
})
