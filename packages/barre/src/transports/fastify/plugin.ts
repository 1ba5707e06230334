import type {
  FastifyContextConfig,
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
} from 'fastify'
import type { Server as NetServer } from 'node:net'
import { ConfigError, guard, isPromise } from '../../core/index.ts'
import type { Decision, Log, Policy, Principal, Refusal, Rules } from '../../core/index.ts'
import {
  drain,
  findProblem,
  groupHeaders,
  hasLongBody,
  intercept,
  mustNotServe,
  normalisePath,
  phrase,
  problemFinder,
  refuseToStart,
  requireOrigin,
  sendReply,
  serverOf,
  toCall,
  toSettings,
} from '../http/index.ts'
import type { HttpOptions, HttpSettings, ResourceMetadata } from '../http/index.ts'
import { nameOf, routesOf, watchApplications, watchRoutes } from './routes.ts'
import { continueBody, guardServer, takeUpgrade } from './server.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is calling; absent where the route is open, or optional and nobody authenticated. */
    principal: Principal | undefined
  }
  interface FastifyInstance {
    /** The registration of `barre` that holds here: the nearest one up the plugins. */
    readonly barre: { readonly ready: () => boolean }
  }
}

/** One registration; it holds for its plugin and those below, up to the next registration. */
interface Scope {
  readonly rules: Rules
  readonly settings: HttpSettings
  /** By what the routes say (`config.auth`): a policy is compiled once however many routes share it. */
  readonly policies: Map<unknown, Policy | undefined>
  readonly problemOf: (server: NetServer | undefined) => ConfigError | undefined
  readonly hook: Hook
}

type Hook = (this: FastifyInstance, request: FastifyRequest, reply: FastifyReply, done: () => void) => void

// Own property of the instance that registers, seen by those below through Fastify's prototype chain.
const scopeKey = Symbol('barre.scope')

function scopeOf(instance: FastifyInstance): Scope | undefined {
  return (instance as { [scopeKey]?: Scope })[scopeKey]
}

/** Makes the Fastify plugin; `compile` turns a registration's options into rules. */
export function fastifyPlugin<Options extends HttpOptions>(
  compile: (options: Options, log: Log) => Rules,
): FastifyPluginAsync<Options> {
  watchApplications()
  const plugin: FastifyPluginAsync<Options> = async (instance, options) => {
    const settings = toSettings({ log: instance.log, ...options })
    if (Object.hasOwn(instance, scopeKey)) {
      throw new ConfigError('auth', 'barre is registered twice in one plugin: keep one registration')
    }
    open(instance, compile(options, instance.log), settings)
  }
  // As fastify-plugin does: the registration belongs to the plugin that makes it, not to a child of its own.
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'barre',
    [Symbol.for('plugin-meta')]: { name: 'barre', fastify: '5.x' },
  })
}

function open(instance: FastifyInstance, rules: Rules, settings: HttpSettings): void {
  const scope: Scope = {
    rules,
    settings,
    policies: new Map(),
    problemOf: problemFinder(rules, settings),
    hook: function (this: FastifyInstance, request, reply, done) {
      // A hook reaches plugins below a nearer registration too; there, that one's hook decides.
      const nearest = scopeOf(this)
      if (nearest?.hook === scope.hook) onRequest(scope, request, reply, done)
      else done()
    },
  }
  Object.defineProperty(instance, scopeKey, { value: scope })
  Object.defineProperty(instance, 'barre', { value: { ready: () => rules.ready() } })
  watchRoutes(instance)
  if (!instance.hasRequestDecorator('principal')) instance.decorateRequest('principal', undefined)
  instance.addHook('onRequest', scope.hook)
  if (settings.metadata !== undefined) serveMetadata(instance, settings.metadata)
  instance.addHook('onReady', (done) => {
    compileRoutes(instance, scope)
    done()
  })
  instance.addHook('onClose', () => rules.close())
  const start = refuseToStart(instance.server, () =>
    isGuarding(scope) ? findProblem(instance.server, rules, settings) : undefined,
  )
  intercept(instance.server, new Map([['listening', start]]))
  // A child's registration governs its routes; listeners on the server itself belong to the whole application.
  if (!('addHook' in Object.getPrototypeOf(instance))) guardServer(instance)
}

function serveMetadata(instance: FastifyInstance, { path, answer }: ResourceMetadata): void {
  if (instance.prefix !== '') {
    throw new ConfigError(
      'resourceMetadata',
      'served at the root of the host: register it where there is no prefix',
    )
  }
  const config = { auth: false } as FastifyContextConfig
  instance.get(path, { config }, (_request, reply) =>
    reply.headers(Object.fromEntries(answer.headers)).send(answer.body),
  )
}

function compileRoutes(instance: FastifyInstance, scope: Scope): void {
  policyOf(scope, undefined, 'auth')
  for (const route of routesOf(instance)) {
    if (scopeOf(route.instance) === scope) policyOf(scope, route.auth, `${nameOf(route)} config.auth`)
  }
  requireOrigin(scope.rules, scope.settings)
}

function policyOf(scope: Scope, auth: unknown, path: string): Policy | undefined {
  const { policies, rules } = scope
  if (!policies.has(auth)) policies.set(auth, rules.policyFor(auth, path))
  return policies.get(auth)
}

function isGuarding({ policies }: Scope): boolean {
  return [...policies.values()].some((policy) => policy !== undefined)
}

function onRequest(scope: Scope, request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const upgrade = takeUpgrade(request.raw)
  const confusion = upgrade === undefined ? undefined : findConfusion(request)
  if (confusion !== undefined) return refuseCall(scope, request, reply, confusion)
  const policy = selectPolicy(scope, request, upgrade !== undefined)
  const proceed = upgrade === undefined ? done : (): void => handOver(reply, upgrade)
  if (policy === undefined) return admit(request, reply, proceed)
  if ('challenges' in policy) return refuseCall(scope, request, reply, policy)
  const settle = (decision: Decision): void => {
    if (!decision.ok) return refuseCall(scope, request, reply, decision)
    request.principal = decision.principal
    sendReply(reply.raw, decision.reply)
    admit(request, reply, proceed)
  }
  const method = upgrade === undefined ? request.method : 'UPGRADE'
  const path = request.raw.url?.split('?', 1)[0] ?? ''
  const decision = guard(policy, toCall(request.raw, path, scope.settings, method))
  if (isPromise(decision)) void decision.then(settle)
  else settle(decision)
}

/** What a request must fulfil; `undefined` is open, a refusal is for a service that must not serve. */
function selectPolicy(
  scope: Scope,
  request: FastifyRequest,
  isUpgrade: boolean,
): Policy | Refusal | undefined {
  const auth = request.is404 ? undefined : (request.routeOptions.config as { auth?: unknown }).auth
  // An unknown path is not a resource: it stays 404. A socket that leaves HTTP is one, whoever serves it.
  if (request.is404 && !isUpgrade) return undefined
  try {
    const policy = scope.policies.has(auth)
      ? scope.policies.get(auth)
      : policyOf(scope, auth, `${request.method} ${request.routeOptions.url ?? ''} config.auth`)
    if (policy === undefined || scope.problemOf(serverOf(request.raw)) === undefined) return policy
  } catch (error) {
    // A route that was declared before this module was loaded, so that its `auth` could not be checked at start.
    if (!(error instanceof ConfigError)) throw error
    request.log.error({ path: error.path }, error.message)
  }
  return mustNotServe
}

/** An upgrade's listener routes it by itself: a path that it may read otherwise than Fastify did is refused. */
function findConfusion({ raw }: FastifyRequest): Refusal | undefined {
  // The target of a CONNECT is no path.
  if (raw.method === 'CONNECT') return undefined
  const path = normalisePath(raw.url ?? '')
  return path.ok ? undefined : { ...path, challenges: [], reply: [] }
}

function handOver(reply: FastifyReply, upgrade: () => void): void {
  reply.hijack()
  upgrade()
}

function admit(request: FastifyRequest, reply: FastifyReply, proceed: () => void): void {
  if (request.raw.headers.expect !== undefined) continueBody(reply.raw)
  proceed()
}

function refuseCall(scope: Scope, request: FastifyRequest, reply: FastifyReply, refusal: Refusal): void {
  const { status, headers, body } = phrase(refusal, scope.settings)
  reply.code(status).headers(groupHeaders(headers))
  if (hasLongBody(request.raw)) reply.header('connection', 'close')
  reply.send(body)
  drain(request.raw)
}
