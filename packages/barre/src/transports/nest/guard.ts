import type { CanActivate, CustomDecorator, ExecutionContext } from '@nestjs/common'
import { SetMetadata } from '@nestjs/common'
import type { Reflector } from '@nestjs/core'
import type { Policy, Rules } from '../../core/index.ts'
import { requireOrigin } from '../http/index.ts'
import type { HttpSettings } from '../http/index.ts'
import type { Wire } from './wire.ts'

const authKey = Symbol('barre.auth')

/** What a handler or a controller demands; a handler's own counts before its controller's. */
export function authMetadata(auth: unknown): CustomDecorator<symbol> {
  return SetMetadata(authKey, auth)
}

/** The policies of an application's handlers. */
export interface Policies {
  /** Throws ConfigError that names `path` where the metadata is wrong. */
  of(handler: object, controller: object, path: string): Policy | undefined
}

export function toPolicies(rules: Rules, settings: HttpSettings, reflector: Reflector): Policies {
  const known = new Map<unknown, Policy | undefined>()
  return {
    of(handler, controller, path) {
      const targets = [handler, controller] as Parameters<Reflector['getAllAndOverride']>[1]
      const auth = reflector.getAllAndOverride<unknown>(authKey, targets)
      if (!known.has(auth)) known.set(auth, rules.policyFor(auth, path))
      requireOrigin(rules, settings)
      return known.get(auth)
    },
  }
}

/**
 * The guard of all controllers. `wires` has the kinds of controllers there are, by Nest's name for them; a call of
 * another kind is refused.
 */
export function toGuard(
  policies: Policies,
  wires: Readonly<Record<string, Wire>>,
  settings: HttpSettings,
): CanActivate {
  return {
    async canActivate(context: ExecutionContext): Promise<boolean> {
      const [handler, controller, type] = [
        context.getHandler(),
        context.getClass(),
        context.getType<string>(),
      ]
      const policy = policies.of(handler, controller, `${controller.name}.${handler.name} Auth`)
      const wire = Object.hasOwn(wires, type) ? wires[type] : undefined
      if (wire === undefined) {
        if (policy === undefined) return true
        settings.log?.error({ controller: controller.name }, `no guard for controllers of the kind ${type}`)
        return false
      }
      const decision =
        policy === undefined ? ({ ok: true, reply: [] } as const) : await wire.decide(context, policy)
      if (!decision.ok) throw wire.toException(context, decision)
      await wire.admit(context, 'principal' in decision ? decision.principal : undefined, decision.reply)
      return true
    },
  }
}
