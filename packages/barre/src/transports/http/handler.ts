import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { authenticate, authorize, chain, ok, refuse } from '../../core/index.ts'
import type { Awaitable, Call, Denial, Principal, Provider, Result, Scopes } from '../../core/index.ts'
import { fetchHeaderValues, toFetchCall } from './fetch-call.ts'
import { toCall } from './http-call.ts'
import { requireOrigin, toSettings } from './http-options.ts'
import type { HttpOptions, HttpSettings } from './http-options.ts'

/**
 * What a credential can be read from: a request of node:http or of fetch, its headers, or an Authorization value.
 * `undefined` is a header that was not sent.
 */
export type Credentials = IncomingMessage | Request | Headers | IncomingHttpHeaders | string | undefined

/** The imperative form: a provider's two questions, asked by the program itself. */
export interface Handler {
  /** Who is calling, whatever their scopes. */
  authenticate(from: Credentials): Awaitable<Result<Principal>>
  /** The refusal when the principal lacks the scopes, else nothing. */
  authorize(principal: Principal, scopes: Scopes): Denial | undefined
}

/**
 * Wraps a provider for use without a declarative `auth`. Throws ConfigError where the provider compares URLs and there
 * is no `publicOrigin`: a request says only what its sender calls us.
 */
export function handler(
  provider: Provider,
  options: Pick<HttpOptions, 'publicOrigin' | 'publicPath' | 'trustedProxies'> = {},
): Handler {
  const settings = toSettings(options)
  requireOrigin({ needsPublicOrigin: provider.needsPublicOrigin === true }, settings)
  const policy = { alternatives: [{ provider, entry: 'handler' }], optional: false }
  return {
    authenticate: (from) =>
      chain(authenticate(policy, toCallFrom(from, settings)), (decision): Result<Principal> => {
        if (!decision.ok) return { ok: false, denial: decision.denial }
        return decision.principal ? ok(decision.principal) : refuse('missing', 'no credential was sent')
      }),
    authorize,
  }
}

function toCallFrom(from: Credentials, settings: HttpSettings): Call {
  if (from === undefined || from === null) return headerCall(() => [])
  if (typeof from === 'string') return headerCall((name) => (name === 'authorization' ? [from] : []))
  if (isIncoming(from)) return toCall(from, from.url?.split('?', 1)[0] ?? '', settings)
  if (from instanceof Headers) return headerCall((name) => fetchHeaderValues(from, name))
  if (from instanceof Request) return toFetchCall(from, settings)
  return headerCall((name) => present(Object.hasOwn(from, name) ? from[name] : undefined))
}

function isIncoming(from: object): from is IncomingMessage {
  return 'rawHeaders' in from && 'socket' in from
}

function present(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return []
  return typeof value === 'string' ? [value] : value
}

function headerCall(metadata: Call['metadata']): Call {
  return {
    method: '',
    target: '',
    signal: new AbortController().signal,
    peer: { encrypted: false },
    metadata,
  }
}
