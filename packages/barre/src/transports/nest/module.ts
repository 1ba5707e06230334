import type { Server as NetServer } from 'node:net'
import type { DynamicModule, OnApplicationBootstrap, OnModuleDestroy, OnModuleInit } from '@nestjs/common'
import { APP_GUARD, HttpAdapterHost, ModulesContainer, Reflector } from '@nestjs/core'
import type { PartAuth, Rules, Services } from '../../core/index.ts'
import { toChecked, toSettings } from '../http/index.ts'
import type { HttpOptions } from '../http/index.ts'
import { toDemands } from './demands.ts'
import type { Demands } from './demands.ts'
import { graphqlWire } from './graphql-wire.ts'
import type { GraphqlWire } from './graphql-wire.ts'
import { toGuard } from './guard.ts'
import { toHandlers } from './handlers.ts'
import type { Handlers } from './handlers.ts'
import { httpWire } from './http-wire.ts'
import type { Parser } from './http-wire.ts'
import { rpcTargets } from './rpc-targets.ts'
import type { RpcTargets } from './rpc-targets.ts'
import { rpcWire } from './rpc-wire.ts'
import { socketWire } from './socket-wire.ts'
import { socketsToken, toSockets } from './sockets.ts'
import type { GatewayOptions, Sockets } from './sockets.ts'

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
  /** How the connections of gateways are opened: as the options of `barre/websocket`. */
  readonly gateways?: GatewayOptions
  /** What GraphQL's `__schema` and `__type` demand: as of `guardSchema` in `barre/graphql`; default `true`. */
  readonly introspect?: PartAuth
}

// oxlint-disable-next-line typescript/no-extraneous-class -- Nest knows a module by its class
class BarreModule {}

/** Makes the module that guards every controller of an application; `rules` are its service's. */
export function toModule(
  rules: Rules,
  options: ModuleOptions,
  services: Pick<Services, 'now' | 'random' | 'revocations' | 'log'>,
): DynamicModule {
  const settings = toSettings(options)
  const checked = toChecked(rules, settings)
  const partsToken = Symbol('barre.parts')
  return {
    module: BarreModule,
    providers: [
      {
        provide: partsToken,
        inject: [Reflector, ModulesContainer],
        useFactory(reflector: Reflector, modules: ModulesContainer): Parts {
          const handlers = toHandlers(modules, reflector)
          const shared = { rules, demands: toDemands(rules, settings, reflector), handlers, services }
          const targets = rpcTargets({ ...shared, settings, resources: options.grpcResources ?? {} })
          modules.getRpcTargetRegistry().subscribe((target) => targets.guard(target))
          return {
            ...shared,
            targets,
            sockets: toSockets({ ...shared, options: { ...options, ...options.gateways } }),
            graphql: graphqlWire({ ...shared, checked, settings }),
          }
        },
      },
      { provide: socketsToken, inject: [partsToken], useFactory: ({ sockets }: Parts) => sockets },
      {
        provide: APP_GUARD,
        inject: [partsToken],
        useFactory: ({ demands, targets, sockets, graphql }: Parts) => {
          const wires = {
            http: httpWire(demands, checked, settings, options.parsers ?? []),
            rpc: rpcWire(demands, targets, settings),
            ws: socketWire(demands, sockets),
            graphql,
          }
          return toGuard(demands, wires, settings)
        },
      },
      {
        provide: Symbol('barre.start'),
        inject: [partsToken, HttpAdapterHost],
        useFactory: (parts: Parts, host: HttpAdapterHost): Hooks => ({
          onModuleInit() {
            check(parts)
            const server: NetServer | undefined = host.httpAdapter?.getHttpServer()
            if (server !== undefined) checked.attach(server)
          },
          // Nest builds the schemas when it starts the modules.
          onApplicationBootstrap: () => parts.graphql.guardSchemas(options.introspect ?? true),
          onModuleDestroy: () => rules.close(),
        }),
      },
    ],
  }
}

type Hooks = OnModuleInit & OnApplicationBootstrap & OnModuleDestroy

/** What the guards of an application share. */
interface Parts {
  readonly demands: Demands
  readonly handlers: Handlers
  readonly targets: RpcTargets
  readonly sockets: Sockets
  readonly graphql: GraphqlWire
}

/** A mistake in what a handler demands stops the start. */
function check({ demands, handlers, sockets, graphql }: Parts): void {
  for (const handler of handlers.ofControllers()) demands.policyOf(handler)
  for (const handler of handlers.ofGateways()) demands.partOf(handler)
  sockets.check()
  graphql.check()
}
