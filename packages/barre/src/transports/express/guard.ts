import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Server as NetServer } from 'node:net'
import { ConfigError, isPromise } from '../../core/index.ts'
import type { Decision, Policy, Principal, Rules } from '../../core/index.ts'
import {
  mark,
  onListen,
  passesOn,
  phrase,
  requireOrigin,
  sendRefusal,
  sendReply,
  serverOf,
  toCall,
  toChecked,
  toSettings,
} from '../http/index.ts'
import type { HttpOptions, HttpSettings } from '../http/index.ts'
import { checkRoutes } from './check.ts'
import type { Stack } from './check.ts'
import { askLate, guardSockets } from './server.ts'
import type { ServerGuard } from './server.ts'

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
   * Throws ConfigError on what may answer, and is neither guarded nor marked `open` or `passesOn`. From then on nothing
   * can be added, and the application's servers are refused at start where their TLS does not fit `auth`; `server` is
   * one that needs no `listen()` or already listens.
   */
  check(application: Application, server?: NetServer): void
  /** Serves `resourceMetadata` (RFC 9728) at its well-known path: `app.use(allow.metadata)`. */
  readonly metadata: Middleware
  /** Whether every provider can be used now. */
  ready(): boolean
  /** Closes the providers; happens by itself when the application's last checked server closes. */
  close(): Promise<void>
}

/** How a service on Express stands on the network. */
export interface ExpressOptions<Auth> extends HttpOptions {
  /**
   * What upgrades and CONNECTs of a checked application's servers must fulfil before their listeners get them; default:
   * the service's `auth`. `false`: their listeners look after themselves.
   */
  readonly upgrade?: Auth
}

/** Marks a route, a router or a mounted path as open to everyone. */
export const open: Middleware = mark((_request, _response, next) => next())

/** Guards Express 5 routes; throws ConfigError. */
export function protect<Auth>(rules: Rules, options: ExpressOptions<Auth>): Allow<Auth> {
  const settings = toSettings(options)
  const sockets: ServerGuard = { rules, settings, upgrade: rules.policyFor(options.upgrade, 'upgrade') }
  const checked = toChecked(rules, settings, (server) => guardSockets(sockets, server))
  const attach = (server: NetServer): void => {
    checked.attach(server)
    askLate(server)
  }
  const allow = (auth?: Auth): Middleware => {
    const policy = rules.policyFor(auth, 'allow')
    requireOrigin(rules, settings)
    return policy === undefined
      ? mark((request, response, next) => open(request, response, next))
      : guardOf(policy)
  }
  const guardOf = (policy: Policy): Middleware =>
    mark((request, response, next) => {
      const call = toCall(request, pathOf(request), settings)
      const decision = checked.decide(policy, call, serverOf(request))
      if (isPromise(decision))
        void decision.then((known) => process.nextTick(settle, settings, known, request, response, next))
      else settle(settings, decision, request, response, next)
    })
  const metadata: Middleware = passesOn((request, response, next) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (settings.metadata === undefined || !isRead || pathOf(request) !== settings.metadata.path) next()
    else sendRefusal(request, response, settings.metadata.answer)
  })
  return Object.assign(allow, {
    metadata,
    check(application: Application, server?: NetServer): void {
      checkRoutes(application.router)
      const isServed = application.router.stack.some(({ handle }) => handle === metadata)
      if (settings.metadata !== undefined && !isServed) {
        throw new ConfigError('resourceMetadata', 'nobody serves it: put in app.use(allow.metadata)')
      }
      onListen(application, attach)
      if (server !== undefined) attach(server)
    },
    ready: () => rules.ready(),
    close: () => rules.close(),
  })
}

/** `url` is relative to the router that called; the caller's path is the original one. */
function pathOf(request: Parameters<Middleware>[0]): string {
  return (request.originalUrl ?? request.url ?? '').split('?', 1)[0]!
}

function settle(
  settings: HttpSettings,
  decision: Decision,
  ...[request, response, next]: Parameters<Middleware>
): void {
  if (!decision.ok) return sendRefusal(request, response, phrase(decision, settings))
  if (decision.principal === undefined) delete request.principal
  else request.principal = decision.principal
  sendReply(response, decision.reply)
  next()
}
