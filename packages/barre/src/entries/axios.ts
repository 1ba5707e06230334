import { createServices } from '../auth/index.ts'
import type { ClientAuthConfig } from '../auth/index.ts'
import type { Services } from '../core/index.ts'
import { toAdapter } from '../transports/axios/index.ts'
import type { Adapter } from '../transports/axios/index.ts'
import type { FetchClientConfig } from '../transports/fetch/index.ts'

export { CredentialError } from '../transports/fetch/index.ts'
export type * from '../transports/axios/index.ts'

export interface AdapterOptions extends FetchClientConfig<ClientAuthConfig> {
  readonly services?: Partial<Services>
}

/** Makes an adapter for `axios.create({ adapter })` that carries our credential; throws ConfigError. */
export function createAdapter({ services, ...config }: AdapterOptions): Adapter {
  return toAdapter(config, createServices(services))
}
