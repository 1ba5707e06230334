import { createServices } from '../auth/index.ts'
import type { ClientAuthConfig } from '../auth/index.ts'
import type { Services } from '../core/index.ts'
import { fetchClient } from '../transports/fetch/index.ts'
import type { FetchClient, FetchClientConfig } from '../transports/fetch/index.ts'

export { CredentialError, enrich } from '../transports/fetch/index.ts'
export type * from '../transports/fetch/index.ts'

export interface ClientOptions extends FetchClientConfig<ClientAuthConfig> {
  readonly services?: Partial<Services>
}

/** Makes `call(path, init)`: a `fetch` for one base URL that carries our credential; throws ConfigError. */
export function createClient({ services, ...config }: ClientOptions): FetchClient {
  return fetchClient(config, createServices(services))
}
