import { createServices } from '../auth/index.ts'
import type { ClientAuthConfig } from '../auth/index.ts'
import type { Services } from '../core/index.ts'
import { toInterceptor } from '../transports/undici/index.ts'
import type { Interceptor, InterceptorConfig } from '../transports/undici/index.ts'

export { CredentialError } from '../transports/fetch/index.ts'
export type * from '../transports/undici/index.ts'

export interface InterceptorOptions extends InterceptorConfig<ClientAuthConfig> {
  readonly services?: Partial<Services>
}

/** Makes an interceptor for `dispatcher.compose(...)` that gives requests our credential; throws ConfigError. */
export function createInterceptor({ services, ...config }: InterceptorOptions): Interceptor {
  return toInterceptor(config, createServices(services))
}
