import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { pendingConnections } from './pending.ts'

async function accepting(context: TestContext) {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => server.close())
  const { port } = server.address() as AddressInfo
  return async (): Promise<readonly [accepted: Socket, client: Socket]> => {
    const connected = once(server, 'connection') as Promise<[Socket]>
    const client = connect(port, '127.0.0.1')
    context.after(() => client.destroy())
    const [accepted] = await connected
    context.after(() => accepted.destroy())
    return [accepted, client]
  }
}

test('a place is given back when its connection is let in or gone', async (context) => {
  const accept = await accepting(context)
  const pending = pendingConnections(1, 1000)
  const [one] = await accept()
  const [two] = await accept()
  assert.deepEqual([pending.take(one), pending.take(two)], [true, false])
  assert.equal(two.destroyed, true)
  pending.release(one)
  const [three] = await accept()
  assert.equal(pending.take(three), true)
  three.destroy()
  await once(three, 'close')
  const [four] = await accept()
  assert.equal(pending.take(four), true)
})

test('who is let in may stay, and who is not may not', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const accept = await accepting(context)
  const pending = pendingConnections(2, 1000)
  const [friend] = await accept()
  const [stranger] = await accept()
  pending.take(friend)
  pending.take(stranger)
  pending.release(friend)
  context.mock.timers.tick(999)
  assert.deepEqual([friend.destroyed, stranger.destroyed], [false, false])
  context.mock.timers.tick(1)
  assert.deepEqual([friend.destroyed, stranger.destroyed], [false, true])
})
