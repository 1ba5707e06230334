import type { Server as NetServer } from 'node:net'
import type { DynamicModule, OnModuleDestroy, OnModuleInit } from '@nestjs/common'
import { APP_GUARD, HttpAdapterHost, ModulesContainer, Reflector } from '@nestjs/core'
import type { Rules } from '../../core/index.ts'
import { toChecked, toSettings } from '../http/index.ts'
import type { HttpOptions } from '../http/index.ts'
import { toGuard, toPolicies } from './guard.ts'
import type { Policies } from './guard.ts'
import { httpWire } from './http-wire.ts'
import type { Parser } from './http-wire.ts'

export interface ModuleOptions extends Omit<HttpOptions, 'resourceMetadata'> {
  /**
   * Body parsers that run after a call was let in, for an application of the Express platform that was created with
   * `bodyParser: false`. Nest's own run before every guard.
   */
  readonly parsers?: readonly Parser[]
}

// oxlint-disable-next-line typescript/no-extraneous-class -- Nest knows a module by its class
class BarreModule {}

/** Makes the module that guards every controller of an application; `rules` are its service's. */
export function toModule(rules: Rules, options: ModuleOptions): DynamicModule {
  const settings = toSettings(options)
  const checked = toChecked(rules, settings)
  const wires = { http: httpWire(checked, settings, options.parsers ?? []) }
  return {
    module: BarreModule,
    providers: [
      {
        provide: APP_GUARD,
        inject: [Reflector],
        useFactory: (reflector: Reflector) =>
          toGuard(toPolicies(rules, settings, reflector), wires, settings),
      },
      {
        provide: Symbol('barre.start'),
        inject: [Reflector, ModulesContainer, HttpAdapterHost],
        useFactory: (
          reflector: Reflector,
          modules: ModulesContainer,
          host: HttpAdapterHost,
        ): OnModuleInit & OnModuleDestroy => ({
          onModuleInit() {
            compileControllers(modules, toPolicies(rules, settings, reflector))
            const server: NetServer | undefined = host.httpAdapter?.getHttpServer()
            if (server !== undefined) checked.attach(server)
          },
          onModuleDestroy: () => rules.close(),
        }),
      },
    ],
  }
}

/** Checks what every handler demands, so that a mistake stops the start. */
function compileControllers(modules: ModulesContainer, policies: Policies): void {
  for (const { controllers } of modules.values()) {
    for (const { metatype } of controllers.values()) {
      if (typeof metatype !== 'function') continue
      for (const [name, handler] of handlersOf(metatype.prototype as object)) {
        policies.of(handler, metatype, `${metatype.name}.${name} Auth`)
      }
    }
  }
}

/** The methods of a class and of those it extends. */
function handlersOf(prototype: object | null): readonly (readonly [name: string, handler: object])[] {
  if (prototype === null || prototype === Object.prototype) return []
  const own = Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([name, { value }]) => name !== 'constructor' && typeof value === 'function')
    .map(([name, { value }]) => [name, value as object] as const)
  return [...own, ...handlersOf(Object.getPrototypeOf(prototype) as object | null)]
}
