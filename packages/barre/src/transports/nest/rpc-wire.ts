import type { HttpSettings } from '../http/index.ts'
import type { Demands } from './demands.ts'
import { handlerOf } from './handlers.ts'
import type { RpcTargets } from './rpc-targets.ts'
import type { Wire } from './wire.ts'

/**
 * The calls of microservices. One of gRPC was decided before gRPC read it; here it is made sure that this was by what
 * the handler demands, and that a call of another transport goes no further.
 */
export function rpcWire(demands: Demands, targets: RpcTargets, { log }: Pick<HttpSettings, 'log'>): Wire {
  return {
    enter(context) {
      const handler = handlerOf(context)
      const policy = demands.policyOf(handler)
      if (policy === undefined) return true
      // A handler gets its call first or last, by the kind of method.
      const isLetIn = context.getArgs<unknown[]>().some((argument) => {
        const { metadata } = Object(argument) as { readonly metadata?: unknown }
        return typeof metadata === 'object' && metadata !== null && targets.hasLetIn(metadata, policy)
      })
      if (!isLetIn) log?.error({ handler: handler.name }, 'a call that came past the guard of gRPC')
      return isLetIn
    },
  }
}
