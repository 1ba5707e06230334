import { ConfigError, ok } from 'barre/core'
import { phrase, sendReply, toCall, toSettings } from 'barre/transports/http'
import { answerWith, send } from './answer.ts'
import { announcesTooMuch, createUpstream, toFailure } from './forward/index.ts'
import { authenticate, createAuthentication, toRefusal } from './authenticate/index.ts'
import { createExchange } from './exchange/index.ts'
import { readTarget, routeTable } from './match/index.ts'
import type { Call, Policy, Rules, Secret, Services } from 'barre/core'
import type { HttpSettings } from 'barre/transports/http'
import type { Exchange } from './exchange/index.ts'
import type { GatewayConfig, RouteConfig } from './config.ts'
import type { Passage } from './answer.ts'
import type { RouteTable, Target } from './match/index.ts'
import type { Upstream } from './forward/index.ts'

/** The four steps, joined: match, authenticate, exchange, forward. */
export interface Pipeline {
  readonly rules: Rules
  readonly settings: HttpSettings
  /** Whether a route asks who calls. */
  readonly isGuarded: boolean
  /** Answers a request. `proceed` is called once the body is wanted. Never throws, never rejects. */
  handle(passage: Passage, proceed: () => void): Promise<void>
  close(): Promise<void>
}

/** A route with everything that its requests need. */
interface Route {
  readonly config: RouteConfig
  readonly policy: Policy | undefined
  readonly upstream: Upstream
}

interface Steps {
  readonly table: RouteTable<Route>
  readonly settings: HttpSettings
  readonly publicOrigin: URL
  readonly exchange: Exchange | undefined
  readonly maxBodyBytes: number
  readonly services: Services
}

const bodyDefaultBytes = 10 * 1024 * 1024

/** Compiles a configuration of shape `gatewayShape`; throws ConfigError that names the field. */
export function createPipeline(config: GatewayConfig, services: Services): Pipeline {
  const settings = toSettings({ publicOrigin: config.publicOrigin, log: services.log })
  const { rules, policies } = createAuthentication(config, services)
  const maxBodyBytes = config.limits?.maxBodyBytes ?? bodyDefaultBytes
  const upstreams = createUpstreams(config, maxBodyBytes, services)
  const exchange = config.sts && createExchange(config.sts, services, 'sts')
  const routes = config.routes.map((route, index) => ({
    pattern: route,
    route: { config: route, policy: policies[index], upstream: upstreamOf(config, index, upstreams) },
  }))
  const publicOrigin = new URL(config.publicOrigin)
  const steps: Steps = {
    table: routeTable(routes),
    settings,
    publicOrigin,
    exchange,
    maxBodyBytes,
    services,
  }
  return {
    rules,
    settings,
    isGuarded: policies.some((policy) => policy !== undefined),
    handle: (passage, proceed) => handle(steps, passage, proceed),
    async close() {
      await Promise.all([rules, exchange, ...upstreams.values()].map(async (part) => part?.close()))
    },
  }
}

function createUpstreams(
  config: GatewayConfig,
  maxBodyBytes: number,
  services: Services,
): ReadonlyMap<string, Upstream> {
  const options = { maxBodyBytes, identityHeaders: new Set(config.identityHeaders) }
  const entries = Object.entries(config.upstreams).map(
    ([name, upstream]) => [name, createUpstream(upstream, options, services, `upstreams.${name}`)] as const,
  )
  return new Map(entries)
}

function upstreamOf(
  config: GatewayConfig,
  index: number,
  upstreams: ReadonlyMap<string, Upstream>,
): Upstream {
  const { upstream: name, exchange } = config.routes[index]!
  if (exchange !== undefined && config.sts === undefined) {
    throw new ConfigError(`routes[${index}].exchange`, 'needs sts, which says where tokens are exchanged')
  }
  const upstream = upstreams.get(name)
  if (upstream !== undefined) return upstream
  const known = [...upstreams.keys()].join(', ')
  throw new ConfigError(`routes[${index}].upstream`, `expected a name of upstreams (${known}), found ${name}`)
}

async function handle(steps: Steps, passage: Passage, proceed: () => void): Promise<void> {
  try {
    await run(steps, passage, proceed)
  } catch (error) {
    steps.services.log.error({ requestId: passage.requestId, error }, 'a request failed')
    answerWith(passage, 'internal_error')
  }
}

async function run(steps: Steps, passage: Passage, proceed: () => void): Promise<void> {
  const { request, response } = passage
  const target = readTarget(request)
  if (!target.ok) return send(passage, phrase(toRefusal(undefined, target.denial)))
  const match = steps.table.match(target.value.host, request.method ?? '', target.value.path)
  if (match.kind === 'none') return answerWith(passage, 'not_found')
  if (match.kind === 'other methods') {
    return answerWith(passage, 'method_not_allowed', [['allow', match.allowed.join(', ')]])
  }
  const { route } = match
  const call = toCall(request, target.value.path, steps.settings)
  const decision = await authenticate(route.policy, call)
  if (!decision.ok) return send(passage, phrase(decision))
  if (announcesTooMuch(request, steps.maxBodyBytes)) return answerWith(passage, 'payload_too_large')
  const wanted = route.config.exchange
  const token =
    wanted === undefined || steps.exchange === undefined
      ? ok(undefined)
      : await steps.exchange.tokenFor(call, decision.principal, wanted)
  if (!token.ok) return send(passage, phrase(toRefusal(route.policy, token.denial)))
  sendReply(response, decision.reply)
  proceed()
  return forward(steps, passage, { route, call, target: target.value, token: token.value })
}

/** A request that has passed every check. */
interface Admitted {
  readonly route: Route
  readonly call: Call
  readonly target: Target
  readonly token: Secret | undefined
}

async function forward(steps: Steps, passage: Passage, admitted: Admitted): Promise<void> {
  const { route, target, token } = admitted
  try {
    await route.upstream.forward({
      ...passage,
      target: target.path + target.query,
      token,
      ours: ourHeaders(steps, passage, admitted),
    })
  } catch (error) {
    const { requestId, response } = passage
    const { upstream } = route.config
    if (response.destroyed) return
    const failure = toFailure(error)
    steps.services.log.warn({ requestId, upstream, failure, error }, 'a request could not be forwarded')
    answerWith(passage, failure)
  }
}

/** What the upstream may believe of the caller: the address that we saw, and the origin that we serve. */
function ourHeaders({ publicOrigin }: Steps, { requestId }: Passage, admitted: Admitted): readonly string[] {
  const { call, route, target } = admitted
  return [
    'x-forwarded-for',
    call.peer.address ?? 'unknown',
    'x-forwarded-host',
    // The Host header is the client's word, unless a route asked for just this one.
    route.config.host === undefined ? publicOrigin.host : target.host,
    'x-forwarded-proto',
    publicOrigin.protocol.slice(0, -1),
    'x-request-id',
    requestId,
  ]
}
