import { flag, isSecureUrl, number, optional, record } from '../../core/index.ts'
import type { Shape } from '../../core/index.ts'
import { isResendable } from './authenticated.ts'

/** Whether and how far redirects are followed (Ballerina's `FollowRedirects`). */
export interface FollowRedirects {
  /** Default false. */
  readonly enabled?: boolean
  /** Default 5. */
  readonly maxCount?: number
  /** Whether redirects within baseUrl's origin carry the credential; default false. Others never do. */
  readonly allowAuthHeaders?: boolean
}

const redirectsMax = 20
const redirectsDefault = 5

export const followRedirectsShape: Shape<FollowRedirects> = record<FollowRedirects>({
  enabled: optional(flag()),
  maxCount: optional(number({ min: 1, max: redirectsMax, integer: true })),
  allowAuthHeaders: optional(flag()),
})

export interface Hop {
  readonly url: URL
  readonly init: RequestInit
  /** Whether this hop and all before it stayed within the first one's origin. */
  readonly isAtHome: boolean
}

/**
 * Follows the redirects of an answer; `send` makes each further request. Answers with the redirect itself where it
 * cannot be followed: the body is gone, or `mayLeave` is false and it leads to another origin.
 * Throws TypeError for too many of them, and for one to plain http off loopback.
 */
export async function followRedirects(
  response: Response,
  first: Hop,
  rules: FollowRedirects & { readonly mayLeave: boolean },
  send: (hop: Hop) => Promise<Response>,
): Promise<Response> {
  const { maxCount = redirectsDefault, mayLeave } = rules
  let [answer, hop] = [response, first]
  for (let count = 0; count <= maxCount; count++) {
    const next = toNextHop(answer, hop)
    if (next === undefined || (!next.isAtHome && !mayLeave)) return answer
    await answer.body?.cancel()
    if (count === maxCount) break
    hop = next
    answer = await send(hop)
  }
  throw new TypeError(`more than ${maxCount} redirects`)
}

const redirectStatuses: readonly number[] = [301, 302, 303, 307, 308]

function toNextHop(response: Response, hop: Hop): Hop | undefined {
  const location = response.headers.get('location')
  if (location === null || !redirectStatuses.includes(response.status)) return undefined
  const url = URL.parse(location, hop.url.href)
  if (url === null) return undefined
  if (!isSecureUrl(url) && url.origin !== hop.url.origin) {
    throw new TypeError(`a redirect to plain http (${url.host}) is not followed`)
  }
  const init = toNextInit(hop.init, response.status)
  if (!isResendable(init.body)) return undefined
  const isAtHome = hop.isAtHome && url.origin === hop.url.origin
  return { url, init: isAtHome ? init : withoutCredentials(init), isAtHome }
}

const bodyHeaders = [
  'content-type',
  'content-length',
  'content-encoding',
  'content-language',
  'content-location',
]

/** Fetch standard, HTTP-redirect fetch: 303 means GET, and so do 301 and 302 after a POST. */
function toNextInit(init: RequestInit, status: number): RequestInit {
  const method = (init.method ?? 'GET').toUpperCase()
  const becomesGet = status === 303 ? method !== 'HEAD' : status <= 302 && method === 'POST'
  if (!becomesGet || method === 'GET') return init
  const { body: _body, ...rest } = init
  return { ...rest, method: 'GET', headers: without(init.headers, bodyHeaders) }
}

/** All that could be a credential: what is left is known to be none. */
function withoutCredentials(init: RequestInit): RequestInit {
  const harmless = [
    'accept',
    'accept-encoding',
    'accept-language',
    'user-agent',
    'content-type',
    'content-encoding',
  ]
  const names = [...new Headers(init.headers).keys()].filter((name) => !harmless.includes(name))
  return { ...init, headers: without(init.headers, names) }
}

function without(headers: RequestInit['headers'], names: readonly string[]): Headers {
  const kept = new Headers(headers)
  for (const name of names) kept.delete(name)
  return kept
}
