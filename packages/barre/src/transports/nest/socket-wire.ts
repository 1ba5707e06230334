import { meet } from '../../core/index.ts'
import type { Demands } from './demands.ts'
import { asHandler, handlerOf } from './handlers.ts'
import type { Sockets } from './sockets.ts'
import type { Wire } from './wire.ts'

/**
 * The messages of gateways. Who is calling was decided when the connection was opened; a refused message closes it,
 * with the code of its denial.
 */
export function socketWire(demands: Demands, sockets: Sockets): Wire {
  return {
    enter(context) {
      const handler = handlerOf(context)
      const connection = sockets.connectionOf(context.switchToWs().getClient<object>())
      const demand = demands.partOf(handler)
      const policy = demands.policyOf(asHandler(handler.controller))
      if (connection === undefined) return policy === undefined && (demand?.isOpen ?? true)
      // Opened for another gateway than Nest hands it to.
      if (connection.policy !== policy) return false
      const { mustAuthenticate, principal } = connection.context
      const denial = meet(demand ?? { isOpen: !mustAuthenticate }, principal)
      if (denial !== undefined) connection.context.end(denial)
      return denial === undefined
    },
  }
}
