import type { CustomDecorator } from '@nestjs/common'
import { SetMetadata } from '@nestjs/common'
import type { Reflector } from '@nestjs/core'
import { toDemand } from '../../core/index.ts'
import type { Demand, Policy, Rules } from '../../core/index.ts'
import { requireOrigin } from '../http/index.ts'
import type { HttpSettings } from '../http/index.ts'
import type { Controller, Handler } from './handlers.ts'

const authKey = Symbol('barre.auth')

/** What a handler or a controller demands; a handler's own counts before its controller's. */
export function authMetadata(auth: unknown): CustomDecorator<symbol> {
  return SetMetadata(authKey, auth)
}

/** What the handlers of an application demand. All of it throws ConfigError that names the handler. */
export interface Demands {
  /** Of a handler that gets whole calls; absent: open. */
  policyOf(handler: Handler): Policy | undefined
  /** What a gateway says of its connections. */
  gatewayAuthOf(gateway: Controller): unknown
  /** Of a handler that gets a part of something larger, where it says so itself. */
  partOf(handler: Handler): Demand | undefined
  /** Whether neither a handler nor its controller says anything. */
  isSilent(handler: Handler): boolean
  /** Of a resolver of GraphQL; nothing said: a principal. */
  fieldOf(handler: Handler): Demand
}

export function toDemands(rules: Rules, settings: HttpSettings, reflector: Reflector): Demands {
  const policies = new Map<unknown, Policy | undefined>()
  const parts = new Map<unknown, Demand>()
  type Targets = Parameters<Reflector['getAllAndOverride']>[1]
  const toPart = (auth: unknown, name: string): Demand => {
    const demand = parts.get(auth) ?? toDemand(rules, auth, `${name} Auth`)
    parts.set(auth, demand)
    return demand
  }
  const read = (target: object): unknown => reflector.get<unknown>(authKey, target as never)
  const readBoth = ({ method, controller }: Handler): unknown =>
    reflector.getAllAndOverride<unknown>(authKey, [method, controller] as Targets)
  return {
    policyOf(handler) {
      const auth = readBoth(handler)
      if (!policies.has(auth)) policies.set(auth, rules.policyFor(auth, `${handler.name} Auth`))
      requireOrigin(rules, settings)
      return policies.get(auth)
    },
    gatewayAuthOf: read,
    partOf({ method, name }) {
      const auth = read(method)
      return auth === undefined ? undefined : toPart(auth, name)
    },
    isSilent: (handler) => readBoth(handler) === undefined,
    fieldOf: (handler) => toPart(readBoth(handler) ?? true, handler.name),
  }
}
