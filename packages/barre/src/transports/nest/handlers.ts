import type { ExecutionContext } from '@nestjs/common'
import type { ModulesContainer, Reflector } from '@nestjs/core'

/** A class with handlers: a controller, a gateway. */
export type Controller = object & { readonly name: string }

/** A handler, as Nest knows it: a method, and the class that it was found in. */
export interface Handler {
  readonly method: object
  readonly controller: Controller
  /** For messages. */
  readonly name: string
}

/** A resolver of GraphQL: of a field of Query or Mutation, of Subscription, below these, or of a federation. */
export interface Resolver extends Handler {
  readonly kind: 'root' | 'subscription' | 'field' | 'reference'
}

/** What an application has of handlers, read from Nest's own metadata. */
export interface Handlers {
  ofControllers(): readonly Handler[]
  ofGateways(): readonly Handler[]
  gateways(): readonly Controller[]
  /** Whether a gateway is served at a port and path of Nest's. */
  isServedAt(gateway: Controller, port: number, path: string | undefined): boolean
  ofResolvers(): readonly Resolver[]
  /** Whether Nest asks its guards about the resolvers of fields below the roots. */
  areFieldsGuarded(): boolean
  /** The GraphQL schemas that were built. */
  schemas(): readonly object[]
  /** The pattern of a handler of a microservice, or several. */
  patternsOf(handler: Handler): readonly unknown[]
}

export function toHandlers(modules: ModulesContainer, reflector: Reflector): Handlers {
  const read = (key: string, target: object): unknown => reflector.get<unknown, string>(key, target as never)
  const classesIn = (kind: 'controllers' | 'providers'): readonly Controller[] =>
    [...modules.values()]
      .flatMap((module) => [...module[kind].values()].map(({ metatype }) => metatype))
      .filter((metatype) => typeof metatype === 'function')
  const providersCalled = (name: string): readonly object[] =>
    [...modules.values()]
      .flatMap(({ providers }) => [...providers.values()])
      .filter(
        ({ token: called }) => called === name || (typeof called === 'function' && called.name === name),
      )
      .map(({ instance }) => instance as object)
  const gateways = () =>
    classesIn('providers').filter((known) => read('websockets:is_gateway', known) === true)
  return {
    ofControllers: () => classesIn('controllers').flatMap(handlersIn),
    ofGateways: () => gateways().flatMap(handlersIn),
    gateways,
    isServedAt: (gateway, port, path) =>
      read('port', gateway) === port &&
      (read('websockets:gateway_options', gateway) as { readonly path?: string }).path === path,
    ofResolvers: () =>
      classesIn('providers')
        .flatMap(handlersIn)
        .flatMap((handler) => {
          const kind = resolverKind((key) => read(key, handler.method))
          return kind === undefined ? [] : [{ ...handler, kind }]
        }),
    areFieldsGuarded: () =>
      providersCalled('GqlModuleOptions').every((options) =>
        (options as { readonly fieldResolverEnhancers?: readonly string[] }).fieldResolverEnhancers?.includes(
          'guards',
        ),
      ),
    schemas: () =>
      providersCalled('GraphQLSchemaHost').map((host) => (host as { readonly schema: object }).schema),
    patternsOf({ method }) {
      const patterns = read('microservices:pattern', method)
      return patterns === undefined ? [] : [patterns].flat()
    },
  }
}

const rootKinds: Readonly<Record<string, Resolver['kind']>> = {
  Query: 'root',
  Mutation: 'root',
  Subscription: 'subscription',
}

function resolverKind(read: (key: string) => unknown): Resolver['kind'] | undefined {
  if (read('graphql:resolve_reference') === true) return 'reference'
  if (read('graphql:resolve_property') === true) return 'field'
  return rootKinds[String(read('graphql:resolver_type'))]
}

/** The handler that Nest asks its guards about. */
export function handlerOf(context: ExecutionContext): Handler {
  const [method, controller] = [context.getHandler(), context.getClass()]
  return { method, controller, name: `${controller.name}.${method.name}` }
}

/** A gateway itself, as what its connections are handed to. */
export function asHandler(gateway: Controller): Handler {
  return { method: gateway, controller: gateway, name: gateway.name }
}

function handlersIn(controller: Controller): readonly Handler[] {
  const { prototype } = controller as { readonly prototype?: object }
  return [...methodsOf(prototype ?? null)].map(([name, method]) => ({
    method,
    controller,
    name: `${controller.name}.${name}`,
  }))
}

/** The methods of a class, and those that it has from others. */
function methodsOf(prototype: object | null): ReadonlyMap<string, object> {
  if (prototype === null || prototype === Object.prototype) return new Map()
  const own = Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([name, { value }]) => name !== 'constructor' && typeof value === 'function')
    .map(([name, { value }]) => [name, value as object] as const)
  return new Map([...methodsOf(Object.getPrototypeOf(prototype) as object | null), ...own])
}
