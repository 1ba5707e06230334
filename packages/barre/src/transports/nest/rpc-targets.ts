import type { Metadata, Server, ServerOptions } from '@grpc/grpc-js'
import { ConfigError } from '../../core/index.ts'
import type { Policy, Rules, Services } from '../../core/index.ts'
import type { HttpSettings } from '../http/index.ts'
import { methodPolicies } from '../rpc/index.ts'
import type { Demands } from './demands.ts'
import type { Handler, Handlers } from './handlers.ts'

/** The servers of an application's microservices. */
export interface RpcTargets {
  /**
   * Guards the calls of one of Nest's servers before gRPC reads them. One of another transport gets open handlers only:
   * ConfigError for others.
   */
  guard(target: unknown): void
  /** Whether the call with this metadata was let in by this policy. */
  hasLetIn(metadata: object, policy: Policy): boolean
}

/** What Nest's gRPC server has of members that matter here. */
interface GrpcTarget {
  options: { readonly channelOptions?: ServerOptions }
  createClient(): Promise<Server>
  createServiceMethod(handler: unknown, method: { readonly path: string }, ...more: unknown[]): unknown
  bindEvents(): Promise<void>
  getHandlers(): ReadonlyMap<string, unknown>
}

/** What every server of Nest's has. */
interface RpcTarget {
  addHandler(pattern: unknown, ...more: unknown[]): void
}

interface Guarding {
  readonly rules: Rules
  readonly demands: Demands
  readonly settings: HttpSettings
  readonly services: Pick<Services, 'now' | 'revocations'>
  /** What is added to gRPC's server beside the controllers. */
  readonly resources: Readonly<Record<string, unknown>>
  readonly handlers: Handlers
}

export function rpcTargets(guarding: Guarding): RpcTargets {
  let policyOf: ((metadata: Metadata) => Policy | undefined) | undefined
  return {
    hasLetIn: (metadata, policy) => policyOf?.(metadata as Metadata) === policy,
    guard(target) {
      if (!isGrpc(target)) return refuseHandlers(target as RpcTarget, guarding)
      const { rules, settings, services, resources } = guarding
      const policies = methodPolicies(rules, settings, resources, 'grpcResources')
      const ofHandlers = handlerPolicies(target, guarding)
      const createClient = target.createClient.bind(target)
      target.createClient = async () => {
        // Not before: an application without gRPC has no such library.
        const { callGuard, grantedPolicyOf } = await import('../grpc/index.ts')
        policyOf = grantedPolicyOf
        const guard = callGuard(rules, settings, services)
        addInterceptor(target, guard.interceptor)
        const server = await createClient()
        try {
          guard.attach(server, {
            ...policies,
            policyOf(service, method) {
              const path = `/${service}/${method}`
              return ofHandlers.has(path) ? ofHandlers.get(path) : policies.policyOf(service, method)
            },
          })
        } catch (error) {
          server.forceShutdown()
          throw error
        }
        return server
      }
      const bindEvents = target.bindEvents.bind(target)
      target.bindEvents = async () => {
        await bindEvents()
        policies.check()
      }
    },
  }
}

function isGrpc(target: unknown): target is GrpcTarget {
  const { createClient, createServiceMethod, bindEvents } = Object(target) as Partial<GrpcTarget>
  return [createClient, createServiceMethod, bindEvents].every((member) => typeof member === 'function')
}

/** Nest asks no guard of the application where a microservice does not inherit its configuration. */
function refuseHandlers(target: RpcTarget, guarding: Guarding): void {
  const addHandler = target.addHandler.bind(target)
  let byRoute: ReadonlyMap<string, Route> | undefined
  target.addHandler = (pattern, ...more) => {
    byRoute ??= routesOf(guarding)
    const { handler, policy } = byRoute.get(toRoute(pattern)) ?? {}
    if (handler !== undefined && policy !== undefined) {
      throw new ConfigError(
        `${handler.name} Auth`,
        'only calls of gRPC can be guarded: serve it by gRPC, or say Auth(false)',
      )
    }
    addHandler(pattern, ...more)
  }
}

function addInterceptor(
  target: GrpcTarget,
  interceptor: NonNullable<ServerOptions['interceptors']>[0],
): void {
  const { channelOptions } = target.options
  const interceptors = [interceptor, ...(channelOptions?.interceptors ?? [])]
  target.options = { ...target.options, channelOptions: { ...channelOptions, interceptors } }
}

/** What the controllers' handlers demand, by gRPC's path; filled while Nest joins the two. */
function handlerPolicies(target: GrpcTarget, guarding: Guarding): ReadonlyMap<string, Policy | undefined> {
  const byPath = new Map<string, Policy | undefined>()
  let byRoute: ReadonlyMap<string, Route> | undefined
  const createServiceMethod = target.createServiceMethod.bind(target)
  target.createServiceMethod = (handler, method, ...more) => {
    byRoute ??= routesOf(guarding)
    const [route = ''] = [...target.getHandlers()].find(([, known]) => known === handler) ?? []
    const known = byRoute.get(route)
    if (known !== undefined) byPath.set(method.path, known.policy)
    return createServiceMethod(handler, method, ...more)
  }
  return byPath
}

interface Route {
  readonly handler: Handler
  readonly policy: Policy | undefined
}

function routesOf({ demands, handlers }: Guarding): ReadonlyMap<string, Route> {
  const byRoute = new Map<string, Route>()
  for (const handler of handlers.ofControllers()) {
    for (const pattern of handlers.patternsOf(handler)) {
      const policy = demands.policyOf(handler)
      const known = byRoute.get(toRoute(pattern))
      if (known !== undefined && known.policy !== policy) {
        throw new ConfigError(
          `${handler.name} Auth`,
          `${known.handler.name} has the same messages, and demands something else`,
        )
      }
      byRoute.set(toRoute(pattern), { handler, policy })
    }
  }
  return byRoute
}

/** Nest's own name for what a handler serves. */
function toRoute(pattern: unknown): string {
  return typeof pattern === 'string' ? pattern : JSON.stringify(pattern)
}
