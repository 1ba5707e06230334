import type { Server as NetServer } from 'node:net'
import type { DynamicModule, OnModuleDestroy, OnModuleInit } from '@nestjs/common'
import { APP_GUARD, HttpAdapterHost, ModulesContainer, Reflector } from '@nestjs/core'
import type { Rules, Services } from '../../core/index.ts'
import { toChecked, toSettings } from '../http/index.ts'
import type { HttpOptions } from '../http/index.ts'
import { handlersOf, toDemands } from './demands.ts'
import { toGuard } from './guard.ts'
import { rpcTargets } from './rpc-targets.ts'
import { httpWire } from './http-wire.ts'
import type { Parser } from './http-wire.ts'
import { rpcWire } from './rpc-wire.ts'

export interface ModuleOptions<Auth = unknown> extends Omit<HttpOptions, 'resourceMetadata'> {
  /**
   * Body parsers that run after a call was let in, for an application of the Express platform that was created with
   * `bodyParser: false`. Nest's own run before every guard.
   */
  readonly parsers?: readonly Parser[]
  /**
   * What gRPC services demand that are no controllers, such as health checks and reflection: as `resources` of
   * `barre/grpc`. One that is not named demands the service's `auth`.
   */
  readonly grpcResources?: Readonly<Record<string, Auth | true>>
}

// oxlint-disable-next-line typescript/no-extraneous-class -- Nest knows a module by its class
class BarreModule {}

/** Makes the module that guards every controller of an application; `rules` are its service's. */
export function toModule(
  rules: Rules,
  options: ModuleOptions,
  services: Pick<Services, 'now' | 'revocations'>,
): DynamicModule {
  const settings = toSettings(options)
  const checked = toChecked(rules, settings)
  const made = Symbol('barre.made')
  return {
    module: BarreModule,
    providers: [
      {
        provide: made,
        inject: [Reflector, ModulesContainer],
        useFactory(reflector: Reflector, modules: ModulesContainer) {
          const demands = toDemands(rules, settings, reflector)
          const handlers = () => handlersOf(modules)
          const resources = options.grpcResources ?? {}
          const targets = rpcTargets({ rules, demands, settings, services, resources, handlers })
          modules.getRpcTargetRegistry().subscribe((target) => targets.guard(target))
          return { demands, targets }
        },
      },
      {
        provide: APP_GUARD,
        inject: [made],
        useFactory: ({ demands, targets }: Made) => {
          const http = httpWire(demands, checked, settings, options.parsers ?? [])
          return toGuard(demands, { http, rpc: rpcWire(demands, targets, settings) }, settings)
        },
      },
      {
        provide: Symbol('barre.start'),
        inject: [made, ModulesContainer, HttpAdapterHost],
        useFactory: (
          { demands }: Made,
          modules: ModulesContainer,
          host: HttpAdapterHost,
        ): OnModuleInit & OnModuleDestroy => ({
          onModuleInit() {
            // A mistake in what a handler demands stops the start.
            for (const handler of handlersOf(modules)) demands.policyOf(handler)
            const server: NetServer | undefined = host.httpAdapter?.getHttpServer()
            if (server !== undefined) checked.attach(server)
          },
          onModuleDestroy: () => rules.close(),
        }),
      },
    ],
  }
}

interface Made {
  readonly demands: ReturnType<typeof toDemands>
  readonly targets: ReturnType<typeof rpcTargets>
}
