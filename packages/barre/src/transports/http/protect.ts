import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Server as NetServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { chain, guard } from '../../core/index.ts'
import type { Awaitable, ConfigError, Denial, Principal, Reply, Rules } from '../../core/index.ts'
import { toCall } from './http-call.ts'
import { requireOrigin, toSettings } from './http-options.ts'
import type { HttpOptions, HttpSettings } from './http-options.ts'
import { normalisePath } from './path.ts'
import { methodNotAllowed, notFound, phrase, sendRefusal, sendReply } from './refusal.ts'
import type { HttpRefusal } from './refusal.ts'
import { toResourceTable } from './resources.ts'
import type { Params, Resource, ResourceTable } from './resources.ts'
import {
  findProblem,
  intercept,
  mustNotServe,
  onListen,
  problemFinder,
  refuseStreams,
  refuseToStart,
  serverOf,
} from './server.ts'
import type { Intercept } from './server.ts'
import { serveSocket, settle } from './socket.ts'

export interface ResourceOptions<Auth> extends HttpOptions {
  /**
   * `'METHOD /path/:name'` to what it demands; `true` is the service's `auth` as it is, `false` is open. GET covers
   * HEAD. A path in no row answers 404, unless there is a row `'* *'`.
   */
  readonly resources: Readonly<Record<string, Auth | true>>
}

/** What the guard found out about a request. */
export interface RequestContext {
  /** The row of `resources` that matched: `GET /order/:id`. */
  readonly route: string
  /** Decoded once; an escape that is still there is text. */
  readonly params: Params
  /** Absent where the resource is open, or optional and nobody authenticated. */
  readonly principal: Principal | undefined
  /** Metadata for the answer: set on the response already, to be sent by an upgrade listener itself. */
  readonly reply: Reply
}

export type RequestHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  context: RequestContext,
) => unknown

/**
 * For `createServer` of node:http, node:https and node:http2. It guards upgrades, CONNECT and `Expect: 100-continue` of
 * its servers too.
 */
export interface ProtectedListener {
  (request: IncomingMessage, response: ServerResponse): void
  (request: Http2ServerRequest, response: Http2ServerResponse): void
  /** For a server that gets its connections without `listen()`. */
  readonly attach: (server: NetServer) => void
  /** Whether every provider can be used now. */
  ready(): boolean
  /** Closes the providers; happens by itself when the last server closes. */
  close(): Promise<void>
}

/** Guards a request listener of node:http, node:https or node:http2; throws ConfigError. */
export function protect(
  rules: Rules,
  options: ResourceOptions<unknown>,
  handler: RequestHandler,
): ProtectedListener {
  const settings = toSettings(options)
  const table = toResourceTable(options.resources, rules)
  requireOrigin(rules, settings)
  const isGuarded = table.resources.some((resource) => resource.policy !== undefined)
  const problemOf = isGuarded ? problemFinder(rules, settings) : (): undefined => undefined
  const service: Service = {
    rules,
    settings,
    table,
    isGuarded,
    problemOf,
    attached: new WeakSet(),
    open: new Set(),
  }
  const listener: ProtectedListener = Object.assign(
    // Over HTTP/2 Node's own compatibility layer makes a stream look like these two.
    (asked: IncomingMessage | Http2ServerRequest, answer: ServerResponse | Http2ServerResponse): void => {
      const [request, response] = [asked as IncomingMessage, answer as ServerResponse]
      serve(service, request, response, (context) => handler(request, response, context))
    },
    {
      attach: (server: NetServer): void => attachTo(service, server, handler),
      ready: () => rules.ready(),
      close: () => rules.close(),
    },
  )
  onListen(listener, listener.attach)
  return listener
}

interface Service {
  readonly rules: Rules
  readonly settings: HttpSettings
  readonly table: ResourceTable
  readonly isGuarded: boolean
  readonly problemOf: (server: NetServer | undefined) => ConfigError | undefined
  readonly attached: WeakSet<NetServer>
  /** Those of the attached servers that have not closed. */
  readonly open: Set<NetServer>
}

type Verdict = { readonly answer: HttpRefusal } | { readonly context: RequestContext }

function serve(
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
  proceed: (context: RequestContext) => unknown,
): void {
  settle(judge(service, request, request.method ?? ''), (verdict) => {
    if ('answer' in verdict) return sendRefusal(request, response, verdict.answer)
    sendReply(response, verdict.context.reply)
    proceed(verdict.context)
  })
}

function judge(service: Service, request: IncomingMessage, method: string): Awaitable<Verdict> {
  const server = serverOf(request)
  if (server !== undefined && !service.attached.has(server)) attachTo(service, server, undefined)
  if (service.problemOf(server) !== undefined) return { answer: phrase(mustNotServe) }
  // The target of a CONNECT is no path; only a row for every path can match it.
  if (method === 'CONNECT') return judgeAt(service, request, method, undefined)
  const path = normalisePath(request.url ?? '')
  if (!path.ok) return deny(path.denial)
  const { metadata } = service.settings
  if (path.value === metadata?.path && isRead(method)) return { answer: metadata.answer }
  return judgeAt(service, request, method, path.value)
}

function judgeAt(
  { table, settings }: Service,
  request: IncomingMessage,
  method: string,
  path: string | undefined,
): Awaitable<Verdict> {
  const match = table.match(request.method ?? '', path)
  if (match.kind === 'none') return { answer: notFound }
  if (match.kind === 'other methods') return { answer: methodNotAllowed(match.allowed) }
  const { resource, params } = match
  if (resource.policy === undefined) return admit(resource, params, undefined, none)
  const call = toCall(request, path ?? request.url ?? '', settings, method)
  return chain(guard(resource.policy, call), (decision) =>
    decision.ok
      ? admit(resource, params, decision.principal, decision.reply)
      : { answer: phrase(decision, settings) },
  )
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

const none: readonly never[] = []

function deny(denial: Denial): Verdict {
  return { answer: phrase({ ok: false, denial, challenges: none, reply: none }) }
}

function admit(resource: Resource, params: Params, principal: Principal | undefined, reply: Reply): Verdict {
  return { context: { route: resource.route, params, principal, reply } }
}

function attachTo(service: Service, server: NetServer, handler: RequestHandler | undefined): void {
  const { attached, open, rules, settings, isGuarded } = service
  if (attached.has(server)) return
  attached.add(server)
  open.add(server)
  const intercepts = new Map<string, Intercept>([
    [
      'listening',
      refuseToStart(server, () => (isGuarded ? findProblem(server, rules, settings) : undefined)),
    ],
    ['close', closing(service, server)],
    ['upgrade', onSocket(service, 'UPGRADE')],
    ['connect', refuseStreams(onSocket(service, 'CONNECT'))],
    ['checkExpectation', onRequest(service)],
  ])
  if (handler !== undefined) {
    // Node asks only where somebody listens; else it answers 100 Continue before we are called.
    server.on('checkContinue', () => undefined)
    intercepts.set('checkContinue', onContinue(service, server, handler))
  }
  intercept(server, intercepts)
}

function closing({ open, rules }: Service, server: NetServer): Intercept {
  return (proceed) => {
    open.delete(server)
    if (open.size === 0) rules.close().catch(() => undefined)
    return proceed()
  }
}

function onSocket(service: Service, method: string): Intercept {
  return (proceed, request, socket) => {
    let context: RequestContext | undefined
    const refusal = chain(judge(service, request as IncomingMessage, method), (verdict) => {
      if ('answer' in verdict) return verdict.answer
      context = verdict.context
      return undefined
    })
    serveSocket(socket as Duplex, refusal, () => proceed(context))
    return true
  }
}

function onRequest(service: Service): Intercept {
  return (proceed, request, response) => {
    serve(service, request as IncomingMessage, response as ServerResponse, proceed)
    return true
  }
}

function onContinue(service: Service, server: NetServer, handler: RequestHandler): Intercept {
  return (proceed, request, response) => {
    const [asked, answer] = [request as IncomingMessage, response as ServerResponse]
    serve(service, asked, answer, (context) => {
      if (server.listenerCount('checkContinue') > 1) return proceed(context)
      answer.writeContinue()
      return handler(asked, answer, context)
    })
    return true
  }
}
