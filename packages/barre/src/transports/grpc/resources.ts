import type { Server } from '@grpc/grpc-js'
import { ConfigError } from '../../core/index.ts'
import type { Policy, Rules } from '../../core/index.ts'
import { requireOrigin } from '../http/index.ts'
import type { HttpSettings } from '../http/index.ts'

/** A method of a service that was added. */
export interface Method {
  /** `unary`, `clientStream`, `serverStream` or `bidi`. */
  readonly kind: string
  /** Absent: open. */
  readonly policy: Policy | undefined
}

export interface Methods {
  /** By path: `/orders.Orders/Place`. */
  readonly byPath: ReadonlyMap<string, Method>
  /** Throws ConfigError for a row that is about nothing: what it was meant for would go unguarded. */
  check(): void
}

/** Gives every method that is added to the server its policy; throws ConfigError. */
export function registerMethods(
  server: Server,
  rules: Rules,
  settings: HttpSettings,
  resources: Readonly<Record<string, unknown>>,
): Methods {
  for (const [name, says] of Object.entries(resources)) {
    const path = `resources['${name}']`
    if (!/^[^/]+(\/[^/]+)?$/.test(name)) {
      throw new ConfigError(path, "expected 'package.Service' or 'package.Service/Method'")
    }
    policyOf(rules, says, path)
  }
  const byPath = new Map<string, Method>()
  const used = new Set<string>()
  const register = server.register.bind(server)
  server.register = (path, handler, serialize, deserialize, kind) => {
    const name = path.slice(1)
    const service = name.slice(0, name.lastIndexOf('/'))
    const row = [name, service].find((candidate) => Object.hasOwn(resources, candidate))
    const says = row === undefined ? true : resources[row]
    for (const candidate of [name, service]) used.add(candidate)
    const policy = policyOf(rules, says, row === undefined ? 'auth' : `resources['${row}']`)
    requireOrigin(rules, settings)
    byPath.set(path, { kind, policy })
    return register(path, handler, serialize, deserialize, kind)
  }
  return {
    byPath,
    check() {
      const unused = Object.keys(resources).find((name) => !used.has(name))
      if (unused === undefined) return
      throw new ConfigError(
        `resources['${unused}']`,
        'no service or method of this name was added to the server',
      )
    },
  }
}

function policyOf(rules: Rules, says: unknown, path: string): Policy | undefined {
  return rules.policyFor(says === true ? undefined : says, path)
}
