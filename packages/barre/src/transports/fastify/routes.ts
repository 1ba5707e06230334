import { subscribe } from 'node:diagnostics_channel'
import type { FastifyInstance, RouteOptions } from 'fastify'

/** A declared route, and the plugin that declared it. */
export interface DeclaredRoute {
  readonly instance: FastifyInstance
  readonly method: string | readonly string[]
  readonly url: string
  readonly auth: unknown
}

// By server: the one object that all plugins of an application share.
const declared = new WeakMap<object, DeclaredRoute[]>()
let subscribed = false

/**
 * Notes the routes of every Fastify application from its creation on, so that a route declared before the registration
 * (Fastify loads plugins later than it declares routes) is checked at start like all others.
 */
export function watchApplications(): void {
  if (subscribed) return
  subscribed = true
  subscribe('fastify.initialization', (message) => {
    watchRoutes((message as { fastify: FastifyInstance }).fastify)
  })
}

/** Notes an application's routes from now on. */
export function watchRoutes(instance: FastifyInstance): void {
  if (declared.has(instance.server)) return
  const routes: DeclaredRoute[] = []
  declared.set(instance.server, routes)
  instance.addHook('onRoute', function (this: FastifyInstance, { method, url, config }: RouteOptions) {
    routes.push({ instance: this, method, url, auth: (config as { auth?: unknown } | undefined)?.auth })
  })
}

export function routesOf(instance: FastifyInstance): readonly DeclaredRoute[] {
  return declared.get(instance.server) ?? []
}

export function nameOf({ method, url }: DeclaredRoute): string {
  return `${typeof method === 'string' ? method : method.join(', ')} ${url}`
}
