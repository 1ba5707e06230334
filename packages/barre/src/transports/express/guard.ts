import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Server as NetServer } from 'node:net'
import { isPromise } from '../../core/index.ts'
import type { Decision, Policy, Principal, Rules } from '../../core/index.ts'
import {
  mark,
  onListen,
  phrase,
  sendRefusal,
  sendReply,
  serverOf,
  toCall,
  toChecked,
  toSettings,
} from '../http/index.ts'
import type { HttpOptions } from '../http/index.ts'
import { checkRoutes } from './check.ts'
import type { Stack } from './check.ts'

declare global {
  // oxlint-disable-next-line typescript/no-namespace -- the only way that Express lets its Request be extended
  namespace Express {
    interface Request {
      /** Who is calling; absent where the route is open, or optional and nobody authenticated. */
      principal?: Principal
    }
  }
}

/** Route middleware, as Express takes it. */
export type Middleware = (
  request: IncomingMessage & { principal?: Principal; readonly originalUrl?: string },
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/** An Express application, as far as the check looks at it. */
export type Application = RequestListener & { readonly router: Stack }

/** Makes the guards of one service. */
export interface Allow<Auth> {
  /** A guard for a route, a router or the application; without an argument, the service's `auth` as it is. */
  (auth?: Auth): Middleware
  /**
   * Throws ConfigError on a route that is neither guarded nor marked `open`. From then on the application's servers are
   * refused at start where their TLS does not fit `auth`; `server` is one that needs no `listen()` or already listens.
   */
  check(application: Application, server?: NetServer): void
  /** Whether every provider can be used now. */
  ready(): boolean
  /** Closes the providers; happens by itself when the application's last checked server closes. */
  close(): Promise<void>
}

/** Marks a route, a router or a mounted path as open to everyone. */
export const open: Middleware = mark((_request, _response, next) => next())

/** Guards Express 5 routes; throws ConfigError. */
export function protect<Auth>(rules: Rules, options: HttpOptions): Allow<Auth> {
  const settings = toSettings(options)
  const checked = toChecked(rules, settings)
  const allow = (auth?: Auth): Middleware => {
    const policy = rules.policyFor(auth, 'allow')
    return policy === undefined
      ? mark((request, response, next) => open(request, response, next))
      : guardOf(policy)
  }
  const guardOf = (policy: Policy): Middleware =>
    mark((request, response, next) => {
      // `url` is relative to the router that called; the caller's path is the original one.
      const path = (request.originalUrl ?? request.url ?? '').split('?', 1)[0]!
      const decision = checked.decide(policy, toCall(request, path, settings), serverOf(request))
      if (isPromise(decision))
        void decision.then((known) => process.nextTick(settle, known, request, response, next))
      else settle(decision, request, response, next)
    })
  return Object.assign(allow, {
    check(application: Application, server?: NetServer): void {
      checkRoutes(application.router)
      onListen(application, checked.attach)
      if (server !== undefined) checked.attach(server)
    },
    ready: () => rules.ready(),
    close: () => rules.close(),
  })
}

function settle(decision: Decision, ...[request, response, next]: Parameters<Middleware>): void {
  if (!decision.ok) return sendRefusal(request, response, phrase(decision))
  if (decision.principal === undefined) delete request.principal
  else request.principal = decision.principal
  sendReply(response, decision.reply)
  next()
}
