import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Server as NetServer } from 'node:net'
import { chain, ConfigError } from '../../core/index.ts'
import type { Awaitable, Decision, Policy, Principal, Rules } from '../../core/index.ts'
import {
  drain,
  groupHeaders,
  hasLongBody,
  mark,
  mustNotServe,
  onListen,
  passesOn,
  phrase,
  requireOrigin,
  sendReply,
  serverOf,
  toCall,
  toChecked,
  toSettings,
} from '../http/index.ts'
import type { HttpOptions, HttpRefusal, HttpSettings } from '../http/index.ts'
import { checkMiddleware } from './check.ts'
import type { Stack } from './check.ts'

/** What a guard adds to Koa's context: `new Koa<object, Guarded>()`. */
export interface Guarded {
  /** Who is calling; absent where the route is open, or optional and nobody authenticated. */
  principal?: Principal
}

/** A Koa context, as far as the guard looks at it. */
export interface Context extends Guarded {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly originalUrl: string
  status: number
  body: unknown
  set(headers: Record<string, string | string[]>): void
}

/** Middleware, as Koa and its router take it. */
export type Middleware = (context: Context, next: () => Promise<unknown>) => Awaitable<unknown>

/** A Koa application, as far as the check looks at it. */
export interface Application extends Stack {
  callback(): RequestListener
}

/** Makes the guards of one service. */
export interface Allow<Auth> {
  /** A guard for a route, a router or the application; without an argument, the service's `auth` as it is. */
  (auth?: Auth): Middleware
  /** Answers what the service says of itself (RFC 9728), where `resourceMetadata` is configured; put in with `use`. */
  readonly metadata: Middleware
  /**
   * Throws ConfigError on a middleware or route that may answer and is neither guarded nor marked `open`. Until then
   * every guard refuses; afterwards nothing can be added, and the application's servers are refused at start where
   * their TLS does not fit `auth`. `server` is one that was made before.
   */
  check(application: Application, server?: NetServer): void
  /** Whether every provider can be used now. */
  ready(): boolean
  /** Closes the providers; happens by itself when the application's last server closes. */
  close(): Promise<void>
}

/** Marks a route, a router or all that follows as open to everyone. */
export const open: Middleware = mark((context, next) => {
  delete context.principal
  return next()
})

/** Guards Koa middleware; throws ConfigError. */
export function protect<Auth>(rules: Rules, options: HttpOptions): Allow<Auth> {
  const settings = toSettings(options)
  const checked = toChecked(rules, settings)
  let isChecked = false
  const allow = (auth?: Auth): Middleware => {
    const policy = rules.policyFor(auth, 'allow')
    requireOrigin(rules, settings)
    return policy === undefined ? mark((context, next) => open(context, next)) : guardOf(policy)
  }
  const guardOf = (policy: Policy): Middleware =>
    mark((context, next) => {
      if (!isChecked) return answer(context, phrase(mustNotServe))
      const call = toCall(context.req, context.originalUrl.split('?', 1)[0]!, settings)
      return chain(checked.decide(policy, call, serverOf(context.req)), (decision) =>
        settle(settings, decision, context, next),
      )
    })
  const metadata: Middleware = passesOn((context, next) => {
    const isRead = context.req.method === 'GET' || context.req.method === 'HEAD'
    const isAsked = isRead && context.originalUrl.split('?', 1)[0] === settings.metadata?.path
    return isAsked && settings.metadata ? answer(context, settings.metadata.answer) : next()
  })
  return Object.assign(allow, {
    metadata,
    check(application: Application, server?: NetServer): void {
      if (settings.metadata !== undefined && !application.middleware.includes(metadata)) {
        throw new ConfigError('resourceMetadata', 'nobody serves it: put in app.use(allow.metadata)')
      }
      checkMiddleware(application)
      isChecked = true
      // Each call of `callback` makes another listener: a server that is about to listen is known by one of them.
      const callback = application.callback.bind(application)
      application.callback = () => {
        const listener = callback()
        onListen(listener, checked.attach)
        return listener
      }
      if (server !== undefined) checked.attach(server)
    },
    ready: () => rules.ready(),
    close: () => rules.close(),
  })
}

function settle(
  settings: HttpSettings,
  decision: Decision,
  context: Context,
  next: () => Promise<unknown>,
): Awaitable<unknown> {
  if (!decision.ok) return answer(context, phrase(decision, settings))
  if (decision.principal === undefined) delete context.principal
  else context.principal = decision.principal
  sendReply(context.res, decision.reply)
  return next()
}

function answer(context: Context, { status, headers, body }: HttpRefusal): void {
  context.status = status
  context.body = body
  context.set(groupHeaders(headers))
  if (hasLongBody(context.req)) context.set({ connection: 'close' })
  drain(context.req)
}
