import type { IncomingMessage } from 'node:http'
import type { Server as NetServer } from 'node:net'
import type { Context, MiddlewareHandler, Next } from 'hono'
import { chain, ConfigError } from '../../core/index.ts'
import type { Call, Decision, Policy, Principal, Reply, Rules } from '../../core/index.ts'
import {
  mark,
  mustNotServe,
  passesOn,
  phrase,
  requireOrigin,
  sendable,
  serverOf,
  toCall,
  toChecked,
  toFetchCall,
  toSettings,
} from '../http/index.ts'
import type { HttpOptions, HttpRefusal, HttpSettings } from '../http/index.ts'
import { checkRoutes } from './check.ts'
import type { RouteList } from './check.ts'

declare module 'hono' {
  interface ContextVariableMap {
    /** Who is calling; absent where the route is open, or optional and nobody authenticated. */
    principal: Principal | undefined
  }
}

/** Makes the guards of one service. */
export interface Allow<Auth> {
  /** A guard for a route or a path; without an argument, the service's `auth` as it is. */
  (auth?: Auth): MiddlewareHandler
  /** Answers what the service says of itself (RFC 9728), where `resourceMetadata` is configured; put in with `use`. */
  readonly metadata: MiddlewareHandler
  /**
   * Throws ConfigError on a route or middleware that may answer and is neither guarded nor marked `open`. Until then
   * every guard refuses; afterwards nothing can be added. `server` is Node's, where there is one: it is refused at
   * start where its TLS does not fit `auth`, and its end closes the providers.
   */
  check(application: RouteList, server?: object): void
  /** Whether every provider can be used now. */
  ready(): boolean
  close(): Promise<void>
}

/** Marks a route or a path as open to everyone. */
export const open: MiddlewareHandler = mark((context: Context, next: Next) => {
  context.set('principal', undefined)
  return next()
})

/** Guards Hono 4 routes; throws ConfigError. */
export function protect<Auth>(rules: Rules, options: HttpOptions): Allow<Auth> {
  const settings = toSettings(options)
  const checked = toChecked(rules, settings)
  let isChecked = false
  const allow = (auth?: Auth): MiddlewareHandler => {
    const policy = rules.policyFor(auth, 'allow')
    requireOrigin(rules, settings)
    return policy === undefined ? mark((context, next) => open(context, next)) : guardOf(policy)
  }
  const guardOf = (policy: Policy): MiddlewareHandler =>
    mark(async (context, next) => {
      if (!isChecked) return answer(phrase(mustNotServe))
      const { call, server } = view(context, settings)
      return chain(checked.decide(policy, call, server), (decision) =>
        settle(settings, decision, context, next),
      )
    })
  const metadata: MiddlewareHandler = passesOn(async (context: Context, next: Next) => {
    const isRead = context.req.method === 'GET' || context.req.method === 'HEAD'
    const isAsked = isRead && new URL(context.req.url).pathname === settings.metadata?.path
    return isAsked && settings.metadata ? answer(settings.metadata.answer) : next()
  })
  return Object.assign(allow, {
    metadata,
    check(application: RouteList, server?: object): void {
      if (
        settings.metadata !== undefined &&
        !application.routes.some(({ handler }) => handler === metadata)
      ) {
        throw new ConfigError('resourceMetadata', 'nobody serves it: put in app.use(allow.metadata)')
      }
      checkRoutes(application)
      isChecked = true
      if (server !== undefined) checked.attach(server as NetServer)
    },
    ready: () => rules.ready(),
    close: () => rules.close(),
  })
}

/** On Node the request as it came in, which tells more than fetch's form of it: the peer, and each header apart. */
function view(
  context: Context,
  settings: HttpSettings,
): { readonly call: Call; readonly server: NetServer | undefined } {
  const { incoming } = (context.env ?? {}) as { readonly incoming?: IncomingMessage }
  if (!Array.isArray(incoming?.rawHeaders)) {
    return { call: toFetchCall(context.req.raw, settings), server: undefined }
  }
  const path = (incoming.url ?? '').split('?', 1)[0]!
  return { call: toCall(incoming, path, settings), server: serverOf(incoming) }
}

function settle(
  settings: HttpSettings,
  decision: Decision,
  context: Context,
  next: Next,
): Promise<Response | void> {
  if (!decision.ok) return Promise.resolve(answer(phrase(decision, settings)))
  context.set('principal', decision.principal)
  const reply = sendable(decision.reply)
  return reply.length === 0 ? next() : carry(reply, context, next)
}

/** Sets headers after the handler: a Response of its own has none of those that were set before. */
async function carry(reply: Reply, context: Context, next: Next): Promise<void> {
  await next()
  for (const [name, value] of reply) context.header(name, value, { append: true })
}

function answer({ status, headers, body }: HttpRefusal): Response {
  return new Response(body, {
    status,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
  })
}
