import type { CanActivate } from '@nestjs/common'
import type { HttpSettings } from '../http/index.ts'
import type { Demands } from './demands.ts'
import { handlerOf } from './handlers.ts'
import type { Wire } from './wire.ts'

/**
 * The guard of all controllers. `wires` has the kinds of controllers there are, by Nest's name for them; a call of
 * another kind is refused.
 */
export function toGuard(
  demands: Demands,
  wires: Readonly<Record<string, Wire>>,
  { log }: Pick<HttpSettings, 'log'>,
): CanActivate {
  return {
    canActivate: async (context) => {
      const type = context.getType<string>()
      if (Object.hasOwn(wires, type)) return wires[type]!.enter(context)
      const handler = handlerOf(context)
      if (demands.policyOf(handler) === undefined) return true
      log?.error({ handler: handler.name }, `no guard for controllers of the kind ${type}`)
      return false
    },
  }
}
