import type { ConnectRouter, ConnectRouterOptions, HandlerContext, Interceptor } from '@connectrpc/connect'
import type { Policy } from '../../core/index.ts'
import type { MethodPolicies } from '../rpc/index.ts'

/** What each RPC of a router demands; absent policy: open. */
export type MethodTable = Map<Rpc, { readonly policy: Policy | undefined }>

type Rpc = HandlerContext['method']

/** What stands before each RPC. */
export interface Guards {
  readonly gate: (context: HandlerContext) => Promise<void>
  readonly interceptor: Interceptor
}

/**
 * A router that puts the guards before each RPC that is added, whatever options it is added with: those that Connect
 * takes for one service replace those of the router. `methods` gets what each demands.
 */
export function guardedRouter(
  router: ConnectRouter,
  policies: MethodPolicies,
  methods: MethodTable,
  common: ConnectRouterOptions,
  { gate, interceptor }: Guards,
): ConnectRouter {
  const add = (method: Rpc): void =>
    void methods.set(method, { policy: policies.policyOf(method.parent.typeName, method.name) })
  const guarded = (own: Partial<ConnectRouterOptions> = {}): ConnectRouterOptions => {
    const options = { ...common, ...own }
    return {
      ...options,
      interceptors: [interceptor, ...(options.interceptors ?? [])],
      async requestGate(context) {
        await gate(context)
        await options.requestGate?.(context)
      },
    }
  }
  const made: ConnectRouter = {
    // A copy: what is put into the list itself is not served.
    get handlers() {
      return [...router.handlers]
    },
    service(service, implementation, options) {
      for (const method of service.methods) add(method)
      router.service(service, implementation, guarded(options))
      return made
    },
    rpc(method, implementation, options) {
      add(method)
      router.rpc(method, implementation, guarded(options))
      return made
    },
  }
  return made
}
