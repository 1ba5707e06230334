import { createRevocations, createSharedInstances, systemClock } from '../core/index.ts'
import { createFetch } from '../egress/index.ts'
import { authenticatedFetch } from '../transports/fetch/index.ts'
import type { Fetch, Log, Services } from '../core/index.ts'
import { compileClientAuth } from './compile-client-auth.ts'
import { randomOf } from './random.ts'

/** The outside world as a program has it: the machine's clock and randomness, the network, a silent log. */
export function createServices(overrides: Partial<Services> = {}): Services {
  const log = { error: (fields: object, message: string) => services.log.error(fields, message) }
  const services: Services = {
    now: systemClock,
    random: randomOf,
    fetchFor(config, path, egressGuard): Fetch {
      const fetch = createFetch(config, path, services, egressGuard)
      if (config.auth === undefined) return fetch
      return authenticatedFetch(fetch, services.credentialSource(config.auth, join(path, 'auth')))
    },
    credentialSource: (auth, path) => compileClientAuth(auth, services, path),
    log: silentLog,
    revocations: createRevocations({}, { now: () => services.now(), log }),
    shared: isOrdinary(overrides) ? ofProcess : createSharedInstances(),
    ...overrides,
  }
  return services
}

/** What programs share who leave the outside world as it is: then equal configurations mean the same everywhere. */
const ofProcess = createSharedInstances()

function isOrdinary({ now, random, fetchFor, credentialSource }: Partial<Services>): boolean {
  return [now, random, fetchFor, credentialSource].every((service) => service === undefined)
}

const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }

function join(path: string, member: string): string {
  return path === '' ? member : `${path}.${member}`
}
