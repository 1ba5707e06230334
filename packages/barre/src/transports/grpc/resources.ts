import type { Server } from '@grpc/grpc-js'
import type { Policy } from '../../core/index.ts'
import type { MethodPolicies } from '../rpc/index.ts'

/** A method of a service that was added. */
export interface Method {
  /** `unary`, `clientStream`, `serverStream` or `bidi`. */
  readonly kind: string
  /** Absent: open. */
  readonly policy: Policy | undefined
}

/** Gives every method that is added to the server its policy, by path (`/orders.Orders/Place`); throws ConfigError. */
export function registerMethods(server: Server, policies: MethodPolicies): ReadonlyMap<string, Method> {
  const byPath = new Map<string, Method>()
  const register = server.register.bind(server)
  server.register = (path, handler, serialize, deserialize, kind) => {
    const slash = path.lastIndexOf('/')
    byPath.set(path, { kind, policy: policies.policyOf(path.slice(1, slash), path.slice(slash + 1)) })
    return register(path, handler, serialize, deserialize, kind)
  }
  return byPath
}
