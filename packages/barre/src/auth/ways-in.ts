import type { Log, Rules, Services } from '../core/index.ts'
import type { AuthConfig } from './auth-config.ts'
import { compileAuth } from './compile-auth.ts'
import { createServices } from './services.ts'

/** What every way in takes beside its own configuration. */
export type WithServices<Config> = Config & { readonly services?: Partial<Services> }
export type WithAuth<Options> = WithServices<Options> & { readonly auth: AuthConfig }

/** A way in that only needs services, made here unless the program gives them. */
export function withServices<Config extends object, Made>(
  make: (config: Config, services: Services) => Made,
): (config: WithServices<Config>) => Made {
  return ({ services, ...config }) => make(config as unknown as Config, createServices(services))
}

/** A way in that guards: it also needs the rules that `auth` compiles to. A log of the options is the services' too. */
export function withAuth<Options extends object, Guard>(
  guard: (rules: Rules, options: Options, services: Services) => Guard,
): (options: WithAuth<Options>) => Guard {
  return ({ auth, services, ...options }) => {
    const { log } = options as { readonly log?: Log }
    const made = createServices({ ...(log && { log }), ...services })
    return guard(compileAuth(auth, made), options as unknown as Options, made)
  }
}
