import { randomBytes } from 'node:crypto'
import { createRevocations, systemClock } from '../core/index.ts'
import { createFetch } from '../egress/index.ts'
import { authenticatedFetch } from '../transports/fetch/index.ts'
import type { Fetch, Log, Services } from '../core/index.ts'
import { compileClientAuth } from './compile-client-auth.ts'

/** The outside world as a program has it: the machine's clock and randomness, the network, a silent log. */
export function createServices(overrides: Partial<Services> = {}): Services {
  const services: Services = {
    now: systemClock,
    random: (bytes) => randomBytes(bytes),
    fetchFor(config, path): Fetch {
      const fetch = createFetch(config, path, () => services.now())
      if (config.auth === undefined) return fetch
      return authenticatedFetch(fetch, services.credentialSource(config.auth, join(path, 'auth')))
    },
    credentialSource: (auth, path) => compileClientAuth(auth, services, path),
    log: silentLog,
    revocations: createRevocations(),
    ...overrides,
  }
  return services
}

const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }

function join(path: string, member: string): string {
  return path === '' ? member : `${path}.${member}`
}
