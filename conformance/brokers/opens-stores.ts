import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cells } from '../harness/cells.ts'
import type { BrokerKit, RunningBroker } from './kit.ts'
import { matches, untrusted } from './matches.ts'
import type { Stores } from './stores.ts'

/** Every format of a trust store with every format of a key store, where the certificate is the credential. */
export function opensStores(
  { folder }: BrokerKit,
  broker: RunningBroker,
  stores: readonly Stores[],
  cells: Cells,
): void {
  const attempt = { credential: 'good', host: 'localhost' } as const
  for (const mechanism of broker.mechanisms.filter(({ isCertificate }) => isCertificate)) {
    for (const { format: trusting, trust, strangers, key: own } of stores) {
      for (const { format, key } of stores) {
        cells.add(folder, mechanism.name, trusting, format)
        void test(`${folder}, ${mechanism.name}: trust in ${trusting}, key in ${format}`, () =>
          mechanism.tries({ ...attempt, secureSocket: { cert: trust, key } }))
      }
      cells.add(folder, mechanism.name, `${trusting}, of another authority`, trusting)
      void test(`${folder}, ${mechanism.name}: trust in ${trusting}, of another authority`, async () => {
        const trying = mechanism.tries({ ...attempt, secureSocket: { cert: strangers, key: own } })
        await assert.rejects(trying, (error) => matches(error, untrusted))
      })
    }
  }
}
