import { ConfigError, guard } from 'barre/core'
import { compileAuth } from 'barre/auth'
import type { Awaitable, Call, Decision, Denial, Policy, Refusal, Rules, Services } from 'barre/core'
import type { GatewayConfig } from '../config.ts'

/** The second step, compiled: who may call each route. */
export interface Authentication {
  readonly rules: Rules
  /** Of the routes, in their order; `undefined` is open. */
  readonly policies: readonly (Policy | undefined)[]
}

/** Compiles `auth` of the gateway and of its routes; throws ConfigError that names the field. */
export function createAuthentication(config: GatewayConfig, services: Services): Authentication {
  const rules = compileAuth(config.auth, services, 'auth')
  const policies = config.routes.map(({ auth, exchange }, index) => {
    const path = `routes[${index}]`
    if (auth === undefined && config.auth === undefined) {
      throw new ConfigError(
        `${path}.auth`,
        'required where the gateway has no auth of its own; false opens the route',
      )
    }
    if (auth === false && exchange !== undefined) {
      throw new ConfigError(`${path}.exchange`, 'an open route has no caller whose token could be exchanged')
    }
    return rules.policyFor(auth, `${path}.auth`)
  })
  return { rules, policies }
}

const open: Decision = { ok: true, reply: [] }

export function authenticate(policy: Policy | undefined, call: Call): Awaitable<Decision> {
  return policy === undefined ? open : guard(policy, call)
}

/** A refusal by a later step, with the challenges of the route's own providers. */
export function toRefusal(policy: Policy | undefined, denial: Denial): Refusal {
  const byScheme = new Map<string, string>()
  for (const { provider } of policy?.alternatives ?? []) {
    for (const challenge of provider.challenges(denial)) {
      const scheme = challenge.split(' ', 1)[0]!.toLowerCase()
      if (!byScheme.has(scheme)) byScheme.set(scheme, challenge)
    }
  }
  return { ok: false, denial, challenges: [...byScheme.values()], reply: [] }
}
