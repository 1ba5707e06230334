import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { BrokerKit, Flow, RunningBroker } from './kit.ts'
import { lifetimeSeconds, untilLost } from './world.ts'

const lifetimes = 3.2
const betweenMessagesMs = 20
/** After this time every broker has written down what it was told to be done with. */
const writesDownMs = 2000

/** Connections that outlive their credentials, and a crash of the broker. */
export function stays({ renewsInPlace }: BrokerKit, broker: RunningBroker): void {
  let flows: readonly Flow[] = []
  before(async () => {
    flows = await broker.openFlows()
  })
  after(() => Promise.all(flows.map((flow) => flow.close())))
  let [next, repetitions] = [0, 0]
  const publishOne = async (): Promise<void> => {
    const id = next++
    for (const attempts of await Promise.all(flows.map((flow) => flow.publish(id))))
      repetitions += attempts - 1
    await delay(betweenMessagesMs)
  }
  const publishFor = async (ms: number): Promise<void> => {
    const endsAtMs = Date.now() + ms
    while (Date.now() < endsAtMs) await publishOne()
  }

  void test(
    'messages go on through three lifetimes of the credential: none is lost, none comes twice',
    untilLost,
    async ({ signal }) => {
      await publishFor(lifetimes * lifetimeSeconds * 1000)
      for (const { arrivals, ...flow } of flows) {
        await arrivals.all(next, signal)
        const [taken, issued] = [await flow.taken(), flow.issued()]
        assert.ok(taken > 2 && taken <= issued, `the broker has taken ${taken} of ${issued} credentials`)
        if (renewsInPlace) assert.equal(flow.lost(), 0, 'the connection itself outlives its credential')
        assert.deepEqual(arrivals.unmarked, [], 'what comes again is marked so')
        assert.deepEqual(arrivals.afterDone, [])
        // At least once is more than once only where a connection has ended.
        if (flow.lost() === 0) assert.deepEqual([arrivals.repeated, repetitions], [[], 0])
      }
    },
  )

  void test('and through a crash of the broker', untilLost, async ({ signal }) => {
    for (const { arrivals } of flows) arrivals.closeBooks()
    await publishFor(writesDownMs)
    const restarted = broker.restart()
    const state = { isUp: false }
    void restarted.then(() => (state.isUp = true))
    for (let sent = 0; !state.isUp || sent < 20; sent++) await publishOne()
    await restarted
    for (const { arrivals } of flows) {
      await arrivals.all(next, signal)
      assert.deepEqual(arrivals.afterDone, [], 'what was done with does not come again')
    }
  })
}
