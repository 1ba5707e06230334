import type { CustomDecorator, ExecutionContext } from '@nestjs/common'
import { SetMetadata } from '@nestjs/common'
import type { ModulesContainer, Reflector } from '@nestjs/core'
import type { Policy, Rules } from '../../core/index.ts'
import { requireOrigin } from '../http/index.ts'
import type { HttpSettings } from '../http/index.ts'

const authKey = Symbol('barre.auth')

/** What a handler or a controller demands; a handler's own counts before its controller's. */
export function authMetadata(auth: unknown): CustomDecorator<symbol> {
  return SetMetadata(authKey, auth)
}

/** A handler, as Nest knows it: a method, and the class that it was found in. */
export interface Handler {
  readonly method: object
  readonly controller: { readonly name: string }
  /** For messages. */
  readonly name: string
}

export function handlerOf(context: ExecutionContext): Handler {
  const [method, controller] = [context.getHandler(), context.getClass()]
  return { method, controller, name: `${controller.name}.${method.name}` }
}

/** What the handlers of an application demand. All of it throws ConfigError that names the handler. */
export interface Demands {
  /** Of a handler that gets whole calls; absent: open. */
  policyOf(handler: Handler): Policy | undefined
  /** Nest's pattern for a handler of messages, or several. */
  patternsOf(handler: Handler): readonly unknown[]
}

export function toDemands(rules: Rules, settings: HttpSettings, reflector: Reflector): Demands {
  const known = new Map<unknown, Policy | undefined>()
  type Targets = Parameters<Reflector['getAllAndOverride']>[1]
  return {
    policyOf({ method, controller, name }) {
      const auth = reflector.getAllAndOverride<unknown>(authKey, [method, controller] as Targets)
      if (!known.has(auth)) known.set(auth, rules.policyFor(auth, `${name} Auth`))
      requireOrigin(rules, settings)
      return known.get(auth)
    },
    patternsOf({ method }) {
      const patterns = reflector.get<unknown>('microservices:pattern', method as never)
      return patterns === undefined ? [] : [patterns].flat()
    },
  }
}

/** The handlers of all controllers of an application. */
export function* handlersOf(modules: ModulesContainer): Generator<Handler> {
  for (const { controllers } of modules.values()) {
    for (const { metatype } of controllers.values()) {
      if (typeof metatype !== 'function') continue
      for (const [name, method] of methodsOf(metatype.prototype as object)) {
        yield { method, controller: metatype, name: `${metatype.name}.${name}` }
      }
    }
  }
}

/** The methods of a class, and those that it has from others. */
function methodsOf(prototype: object | null): ReadonlyMap<string, object> {
  if (prototype === null || prototype === Object.prototype) return new Map()
  const own = Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([name, { value }]) => name !== 'constructor' && typeof value === 'function')
    .map(([name, { value }]) => [name, value as object] as const)
  return new Map([...methodsOf(Object.getPrototypeOf(prototype) as object | null), ...own])
}
