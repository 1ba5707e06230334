import { createRevocations, createSharedInstances } from '../src/core/index.ts'
import { createFetch } from '../src/egress/index.ts'
import type { Revocations, Services } from '../src/core/index.ts'

/** What was logged. */
export interface Logged {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

/** Services with a clock of the test's own, the real network, and randomness that is always the highest. */
export function fakeServices(now: () => number, logged: Logged[] = []): Services {
  const write = (level: Logged['level']) => (fields: object, message: string) => {
    logged.push({ level, fields: { ...fields }, message })
  }
  return {
    now,
    random: (bytes) => new Uint8Array(bytes).fill(255),
    fetchFor: (config, path, egressGuard) => createFetch(config, path, {}, egressGuard),
    credentialSource() {
      throw new Error('no credential source is needed here')
    },
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    revocations: createRevocations({}, { now }),
    shared: createSharedInstances(),
  }
}

/** The same services, and how many listen to revocations. */
export function countListeners(services: Services): { services: Services; listeners: () => number } {
  let count = 0
  const inner = services.revocations
  const revocations: Revocations = {
    revoke: (revocation) => inner.revoke(revocation),
    isRevoked: (about) => inner.isRevoked(about),
    subscribe(listener) {
      const stop = inner.subscribe(listener)
      count++
      return () => {
        count--
        stop()
      }
    },
  }
  return { services: { ...services, revocations }, listeners: () => count }
}
