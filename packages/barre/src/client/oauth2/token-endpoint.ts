import type * as OAuth from 'oauth4webapi'
import {
  checkEndpoint,
  CircuitBreaker,
  describeFetchError,
  readBody,
  refuse,
  retryAfterMs,
} from '../../core/index.ts'
import type { Services } from '../../core/index.ts'
import { clientAuthentication } from './client-authentication.ts'
import type { ClientIdentity } from './config.ts'
import type { Dpop } from './dpop.ts'
import { judgeTokenAnswer, tokenAnswerMaxBytes } from './token-answer.ts'
import type { TokenAnswer, TokenRefusal } from './token-answer.ts'

/** What one grant asks for, besides who asks. */
export interface TokenRequest {
  readonly grantType: string
  readonly parameters: readonly (readonly [name: string, value: string])[]
}

export type TokenOutcome = { readonly ok: true; readonly value: TokenAnswer } | TokenRefusal

/** Where tokens are had, and as whom. */
export interface TokenEndpoint {
  /** Never rejects: whatever goes wrong with the endpoint is `unavailable`. */
  request(request: TokenRequest): Promise<TokenOutcome>
  ready(): boolean
  close(): Promise<void>
}

/** Waits, in real time unless a test says otherwise. */
export type Pause = (ms: number) => Promise<void>

const retryLimits = {
  attempts: 3,
  /** Twice as long after each attempt. */
  pauseMs: 200,
  /** The longest Retry-After that is waited for while a call waits. */
  retryAfterMaxMs: 2000,
  /** No attempt begins later than this after the first. */
  budgetMs: 4000,
} as const

/** Compiles a client's configuration. Throws ConfigError. */
export function tokenEndpoint(
  url: string,
  config: ClientIdentity,
  world: { readonly services: Services; readonly pause: Pause; readonly dpop: Dpop | undefined },
  paths: { readonly url: string; readonly config: string },
): TokenEndpoint {
  const { services, pause } = world
  const { clientConfig = {} } = config
  const target = checkEndpoint(url, paths.url, clientConfig)
  const authenticate = clientAuthentication(config, services, paths.config)
  const fetch = services.fetchFor(clientConfig, `${paths.config}.clientConfig`)
  const exchange = exchanger(target, config, authenticate, fetch, world)
  const random = (): number => (services.random(1)[0] ?? 0) / 255
  const breaker = new CircuitBreaker(random)

  const attempt = async (request: TokenRequest): Promise<Failure | TokenOutcome> => {
    const waitMs = breaker.enter(services.now())
    if (waitMs > 0) return { ...busy('the token endpoint keeps failing', waitMs), isFinal: true }
    const outcome = await exchange(request)
    if (outcome.ok || outcome.denial.code !== 'unavailable') breaker.succeeded()
    else breaker.failed(services.now(), (outcome.denial.retryAfterSeconds ?? 0) * 1000)
    return outcome
  }
  return {
    async request(request) {
      const startedAtMs = services.now()
      for (let count = 1; ; count++) {
        const outcome = await attempt(request)
        const askedMs = outcome.ok ? 0 : (outcome.denial.retryAfterSeconds ?? 0) * 1000
        const isLast =
          count === retryLimits.attempts ||
          askedMs > retryLimits.retryAfterMaxMs ||
          services.now() - startedAtMs > retryLimits.budgetMs
        if (outcome.ok || isLast || !mayTryAgain(request, outcome)) return outcome
        await pause(Math.max(askedMs, retryLimits.pauseMs * 2 ** (count - 1) * (0.5 + random() * 0.5)))
      }
    },
    ready: () => breaker.waitMs(services.now()) === 0,
    close: async () => fetch.close?.(),
  }
}

interface Failure extends TokenRefusal {
  /** The request has certainly not been carried out. */
  readonly isUntouched?: boolean
  readonly isFinal?: boolean
}

/** A refresh token may be used once: one that the server may have taken already must not be sent again. */
function mayTryAgain(request: TokenRequest, { denial, isUntouched, isFinal }: Failure): boolean {
  if (isFinal === true || denial.code !== 'unavailable') return false
  return request.grantType !== 'refresh_token' || isUntouched === true
}

/** One exchange; a server that wants a nonce in the DPoP proof gets it at once (RFC 9449 §8). */
function exchanger(
  target: URL,
  { clientId, optionalParams = {} }: ClientIdentity,
  authenticate: OAuth.ClientAuth,
  fetch: (url: URL, init: RequestInit) => Promise<Response>,
  { services, dpop }: { readonly services: Services; readonly dpop: Dpop | undefined },
): (request: TokenRequest) => Promise<Failure | TokenOutcome> {
  const server = { issuer: target.origin, token_endpoint: target.href }
  // oauth4webapi wants an id even where `authenticate` sends none.
  const client = { client_id: clientId ?? 'anonymous' }
  const send = async ({ grantType, parameters }: TokenRequest): Promise<Response> => {
    // Lazy: most programs that could obtain tokens never do.
    const oauth = await import('oauth4webapi')
    const all = [...Object.entries(optionalParams), ...parameters].map(([name, value]) => [name, value])
    return oauth.genericTokenEndpointRequest(server, client, authenticate, grantType, all, {
      [oauth.allowInsecureRequests]: target.protocol === 'http:',
      [oauth.customFetch]: async (_url, { method, headers, body }) => {
        const proof = await dpop?.proof('POST', target)
        const init = { method, body, headers: { ...headers, ...(proof !== undefined && { dpop: proof }) } }
        return fetch(target, { ...init, redirect: 'manual' })
      },
    })
  }
  const once = async (request: TokenRequest): Promise<Failure | TokenOutcome> => {
    const response = await send(request)
    const isNewNonce = dpop?.learn(target, response.headers.get('dpop-nonce') ?? undefined) ?? false
    const outcome = await read(response, services.now())
    return !outcome.ok && outcome.error === 'use_dpop_nonce' && isNewNonce
      ? read(await send(request), services.now())
      : outcome
  }
  return (request) => once(request).catch(toFailure)
}

async function read(response: Response, nowMs: number): Promise<Failure | TokenOutcome> {
  const { status, headers } = response
  if (status >= 300 && status < 400) {
    await response.body?.cancel()
    return refuse(
      'unavailable',
      'the token endpoint redirects, which is not followed: configure the final URL',
    )
  }
  const body = await readBody(response, tokenAnswerMaxBytes)
  if (status === 429 || status === 503) {
    return {
      ...busy(`the token endpoint answered with status ${status}`, retryAfterMs(headers, nowMs)),
      isUntouched: true,
    }
  }
  if (body === undefined) return refuse('unavailable', `an answer of more than ${tokenAnswerMaxBytes} bytes`)
  return judgeTokenAnswer(status, body)
}

const beforeConnected: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'])

function toFailure(error: unknown): Failure {
  const cause: unknown = error instanceof Error ? error.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return {
    ...refuse('unavailable', `the token endpoint cannot be asked: ${describeFetchError(error)}`),
    isUntouched: beforeConnected.has(code),
  }
}

function busy(detail: string, waitMs: number): TokenRefusal {
  return refuse('unavailable', detail, waitMs > 0 ? { retryAfterSeconds: Math.ceil(waitMs / 1000) } : {})
}
