import type { ClientConfiguration, CredentialSource, Need, Services } from '../../core/index.ts'
import { sendAuthenticated } from './authenticated.ts'
import { toCaller } from './caller.ts'
import type { CallerRequest } from './caller.ts'
import { enrich } from './enrich.ts'
import { followRedirects, followRedirectsShape } from './redirects.ts'
import type { FollowRedirects, Hop } from './redirects.ts'
import { toBaseUrl, toTarget } from './target.ts'

/** What a client calls, and how: the fields of a ClientConfiguration, and these. */
export interface FetchClientConfig<Auth = unknown> extends ClientConfiguration {
  /** Paths are appended to it. https, or plain http to loopback. */
  readonly baseUrl: string
  /** Who we are; absent: nobody, or with `caller` the caller. */
  readonly auth?: Auth
  readonly followRedirects?: FollowRedirects
}

/** What one call says beside what `fetch` knows. */
export interface CallInit extends RequestInit {
  /** The inbound request on whose behalf we call: a source that propagates or infers needs it. */
  readonly caller?: CallerRequest | undefined
  /** For sources that obtain a token per audience and scope. */
  readonly audience?: string
  readonly scopes?: readonly string[]
}

/** A `fetch` for one origin that carries our credential. */
export interface FetchClient {
  /**
   * Sends one request. Throws CredentialError where no credential could be had, TypeError for a path that leaves
   * baseUrl and where fetch does; every answer of the server, 401 too, is returned.
   */
  (path: string | URL, init?: CallInit): Promise<Response>
  /** A copy of the headers with the credential that a call would carry, for requests sent by other means. */
  enrich(headers: RequestInit['headers'], path?: string | URL, init?: CallInit): Promise<Headers>
  /** Whether a credential can be had now. */
  ready(): boolean
  close(): Promise<void>
}

/** Makes a client; throws ConfigError. */
export function fetchClient(
  config: FetchClientConfig,
  services: Pick<Services, 'fetchFor' | 'credentialSource'>,
): FetchClient {
  const { baseUrl, auth, followRedirects: redirects, ...clientConfig } = config
  const base = toBaseUrl(baseUrl, clientConfig)
  const rules = followRedirectsShape.check(redirects ?? {}, 'followRedirects')
  const fetch = services.fetchFor(clientConfig, '')
  const own = auth === undefined ? undefined : services.credentialSource(auth, 'auth')
  const propagation = services.credentialSource({ propagate: true }, 'auth')
  const sourceFor = (init: CallInit): CredentialSource | undefined =>
    own ?? (init.caller === undefined ? undefined : propagation)
  // Another origin must see neither our certificate nor headers that may hold a key.
  const mayLeave = clientConfig.secureSocket?.key === undefined && clientConfig.customHeaders === undefined

  const send = async (path: string | URL, init: CallInit = {}): Promise<Response> => {
    const { caller: _caller, audience: _audience, scopes: _scopes, ...plain } = init
    const source = sourceFor(init)
    const first: Hop = {
      url: toTarget(base, path),
      init: { ...plain, redirect: init.redirect === 'error' ? 'error' : 'manual' },
      isAtHome: true,
    }
    const sendOne = ({ url, init: request }: Hop, isAuthenticated: boolean): Promise<Response> =>
      source !== undefined && isAuthenticated
        ? sendAuthenticated(fetch, source, url, request, toNeed(init))
        : fetch(url, request)
    const response = await sendOne(first, true)
    if (init.redirect !== 'follow' && (init.redirect !== undefined || rules.enabled !== true)) return response
    return followRedirects(response, first, { ...rules, mayLeave }, (hop) =>
      sendOne(hop, hop.isAtHome && rules.allowAuthHeaders === true),
    )
  }
  return Object.assign(send, {
    enrich(headers: RequestInit['headers'], path: string | URL = '', init: CallInit = {}): Promise<Headers> {
      const source = sourceFor(init)
      if (source === undefined) return Promise.resolve(new Headers(headers))
      const target = toTarget(base, path).href
      return enrich(headers, source, { method: init.method ?? 'GET', target, ...toNeed(init) })
    },
    ready: () => own?.ready?.() ?? true,
    async close() {
      await Promise.all([fetch.close?.(), own?.close?.(), propagation.close?.()])
    },
  })
}

/** What a source may want to know of a call, as its caller says it. */
export function toNeed({
  audience,
  scopes,
  caller,
}: Pick<CallInit, 'audience' | 'scopes' | 'caller'>): Pick<Need, 'audience' | 'scopes' | 'caller'> {
  const from = caller === undefined ? undefined : toCaller(caller)
  return {
    ...(audience !== undefined && { audience }),
    ...(scopes !== undefined && { scopes }),
    ...(from !== undefined && { caller: from }),
  }
}
