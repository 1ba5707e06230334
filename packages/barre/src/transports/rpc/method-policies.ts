import { ConfigError } from '../../core/index.ts'
import type { Policy, Rules } from '../../core/index.ts'
import { requireOrigin } from '../http/index.ts'
import type { HttpSettings } from '../http/index.ts'

/** What each method demands, by a table of services (`'orders.Orders'`) and methods (`'orders.Orders/Place'`). */
export interface MethodPolicies {
  /** Of a method that is served: its own row, else its service's, else the service's `auth`. Absent: open. */
  policyOf(service: string, method: string): Policy | undefined
  /** Throws ConfigError for a row that is about nothing: what it was meant for would go unguarded. */
  check(): void
}

/** Compiles the table, which is the option `option`; throws ConfigError. */
export function methodPolicies(
  rules: Rules,
  settings: HttpSettings,
  resources: Readonly<Record<string, unknown>>,
  option = 'resources',
): MethodPolicies {
  for (const [name, says] of Object.entries(resources)) {
    const path = `${option}['${name}']`
    if (!/^[^/]+(\/[^/]+)?$/.test(name)) {
      throw new ConfigError(path, "expected 'package.Service' or 'package.Service/Method'")
    }
    policyOf(rules, says, path)
  }
  const used = new Set<string>()
  return {
    policyOf(service, method) {
      const names = [`${service}/${method}`, service]
      const row = names.find((name) => Object.hasOwn(resources, name))
      for (const name of names) used.add(name)
      requireOrigin(rules, settings)
      return row === undefined
        ? policyOf(rules, true, 'auth')
        : policyOf(rules, resources[row], `${option}['${row}']`)
    },
    check() {
      const unused = Object.keys(resources).find((name) => !used.has(name))
      if (unused === undefined) return
      throw new ConfigError(
        `${option}['${unused}']`,
        'no service or method of this name was added to the server',
      )
    },
  }
}

function policyOf(rules: Rules, says: unknown, path: string): Policy | undefined {
  return rules.policyFor(says === true ? undefined : says, path)
}
