import type { IncomingMessage } from 'node:http'
import type { Server as NetServer } from 'node:net'
import type { Context, MiddlewareHandler, Next } from 'hono'
import { chain } from '../../core/index.ts'
import type { Call, Decision, Policy, Principal, Refusal, Reply, Rules } from '../../core/index.ts'
import {
  mark,
  mustNotServe,
  phrase,
  sendable,
  serverOf,
  toCall,
  toChecked,
  toFetchCall,
  toSettings,
} from '../http/index.ts'
import type { HttpOptions, HttpSettings } from '../http/index.ts'
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
    return policy === undefined ? mark((context, next) => open(context, next)) : guardOf(policy)
  }
  const guardOf = (policy: Policy): MiddlewareHandler =>
    mark(async (context, next) => {
      if (!isChecked) return refuse(mustNotServe)
      const { call, server } = view(context, settings)
      return chain(checked.decide(policy, call, server), (decision) => settle(decision, context, next))
    })
  return Object.assign(allow, {
    check(application: RouteList, server?: object): void {
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

function settle(decision: Decision, context: Context, next: Next): Promise<Response | void> {
  if (!decision.ok) return Promise.resolve(refuse(decision))
  context.set('principal', decision.principal)
  const reply = sendable(decision.reply)
  return reply.length === 0 ? next() : carry(reply, context, next)
}

/** Sets headers after the handler: a Response of its own has none of those that were set before. */
async function carry(reply: Reply, context: Context, next: Next): Promise<void> {
  await next()
  for (const [name, value] of reply) context.header(name, value, { append: true })
}

function refuse(refusal: Refusal): Response {
  const { status, headers, body } = phrase(refusal)
  return new Response(body, {
    status,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
  })
}
