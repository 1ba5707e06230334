import { remoteKeySet } from '../src/jose/index.ts'
import { FakeTime } from './fake-time.ts'
import { fakeServices } from './fake-services.ts'
import { json, newJwk, startKeyEndpoint } from './key-endpoint.ts'
import type { Result } from '../src/core/index.ts'
import type { JwsHeader, KeySet, RemoteJwksConfig, VerificationKey } from '../src/jose/index.ts'
import type { Logged } from './fake-services.ts'
import type { KeyEndpoint } from './key-endpoint.ts'

const deadlineMs = 5000
const isDeadline = (delayMs: number): boolean => delayMs === deadlineMs
const isPlan = (delayMs: number): boolean => delayMs !== deadlineMs

/** Remote key sets on a clock that a test moves, and the endpoint that they ask. */
export interface KeySetKit {
  readonly time: FakeTime
  readonly endpoint: KeyEndpoint
  readonly warnings: readonly Logged[]
  make(config?: Partial<RemoteJwksConfig>): Required<KeySet>
  /** A set whose first fetch, good or bad, is over. */
  started(config?: Partial<RemoteJwksConfig>): Promise<Required<KeySet>>
  /** Resolves when an exchange has ended: the next one is then planned. */
  planned(): Promise<void>
  /** Moves on to the next planned exchange and sees it through. */
  runPlanned(): Promise<void>
  /** Fires the deadline of the exchange under way. */
  expireExchange(): void
  close(): Promise<void>
}

export async function keySetKit(): Promise<KeySetKit> {
  const time = new FakeTime()
  const endpoint = await startKeyEndpoint(json({ keys: [newJwk('one')] }))
  const warnings: Logged[] = []
  const services = fakeServices(() => time.nowMs, warnings)
  const sets: Required<KeySet>[] = []
  const kit: KeySetKit = {
    time,
    endpoint,
    warnings,
    make(config = {}) {
      const set = remoteKeySet({ url: endpoint.url, ...config }, services, 'jwksConfig', time.schedule)
      sets.push(set)
      return set
    },
    async started(config) {
      const done = kit.planned()
      const set = kit.make(config)
      await done
      return set
    },
    planned() {
      return new Promise((resolve) => {
        time.onSchedule = (delayMs) => {
          if (isPlan(delayMs)) resolve()
        }
      })
    },
    async runPlanned() {
      const done = kit.planned()
      time.fire(isPlan)
      await done
    },
    expireExchange: () => time.fire(isDeadline),
    async close() {
      await Promise.all(sets.map((set) => set.close()))
      endpoint.close()
    },
  }
  return kit
}

export function header(kid?: string, alg = 'ES256'): JwsHeader {
  return { alg, ...(kid !== undefined && { kid }) }
}

/** What a set answers, in short: the key's name or the denial's code. */
export async function find(set: KeySet, kid?: string, alg?: string): Promise<string> {
  return verdict(await set.find(header(kid, alg)))
}

export function verdict(result: Result<VerificationKey>): string {
  return result.ok ? `key ${result.value.kid ?? 'without kid'}` : result.denial.code
}
