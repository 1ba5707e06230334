import { allowInsecureEndpoint, clientConfigurationShape, systemClock } from '../core/index.ts'
import { tlsOpener } from '../tls/index.ts'
import { addressGuard } from './address-guard.ts'
import type { AddressGuard } from './address-guard.ts'
import { createConnector } from './connector.ts'
import type * as Undici from 'undici'
import type { ClientConfiguration, EgressGuard, Fetch, Services } from '../core/index.ts'
import type { TlsOpener } from '../tls/index.ts'

/** Seconds. */
const timeoutDefault = 5

/**
 * A `fetch` with a configuration's TLS, time-outs and headers. Redirects are not followed unless
 * `init.redirect` asks, and plain http off loopback is refused wherever it comes from. Idle connections never
 * keep the process alive. `config.auth` is not looked at: createServices does that. Throws ConfigError that
 * names `path`. Under `egressGuard` nothing but public addresses, and those it names, are connected to.
 */
export function createFetch(
  config: ClientConfiguration,
  path: string,
  { now = systemClock, log }: Partial<Pick<Services, 'now' | 'log'>> = {},
  egressGuard?: EgressGuard,
): Fetch {
  const checked = clientConfigurationShape.check(config, path)
  const tls = tlsOpener(
    checked.secureSocket ?? {},
    path === '' ? 'secureSocket' : `${path}.secureSocket`,
    now,
    log,
  )
  const guard = egressGuard && addressGuard(egressGuard, 'allowedAddresses')
  const reqTimeoutMs = (checked.reqTimeout ?? timeoutDefault) * 1000
  const customHeaders = Object.entries(checked.customHeaders ?? {})
  let pool: Promise<Pool> | undefined
  let closing: Promise<void> | undefined

  const send = async (url: string | URL, init: RequestInit = {}): Promise<Response> => {
    if (closing !== undefined) throw new TypeError('fetch was called after close')
    pool ??= openPool(checked, tls, guard)
    const { undici, agent } = await pool
    const headers = new Headers(init.headers)
    for (const [name, value] of customHeaders) if (!headers.has(name)) headers.set(name, value)
    const deadline = AbortSignal.timeout(reqTimeoutMs)
    const request = {
      redirect: 'manual',
      ...init,
      headers: [...headers],
      body: init.body instanceof FormData ? copyForm(init.body, new undici.FormData()) : init.body,
      signal: init.signal ? AbortSignal.any([init.signal, deadline]) : deadline,
      dispatcher: agent,
    }
    return undici.fetch(url, request as Undici.RequestInit)
  }
  return Object.assign(send, {
    close: () => (closing ??= Promise.resolve(pool).then((open) => open?.agent.close())),
  })
}

interface Pool {
  readonly undici: typeof Undici
  readonly agent: Undici.Agent
}

async function openPool(
  config: ClientConfiguration,
  tls: TlsOpener,
  guard: AddressGuard | undefined,
): Promise<Pool> {
  // Lazy: loading undici costs as much as starting node, and many programs verify tokens without any call of
  // their own.
  const undici = await import('undici')
  const allowH2 = config.httpVersion === 'HTTP_2'
  const connect = createConnector({
    tls,
    allowH2,
    connectTimeoutMs: (config.connectTimeout ?? timeoutDefault) * 1000,
    guard,
    allowPlainHttp: config[allowInsecureEndpoint] === true,
  })
  return { undici, agent: new undici.Agent({ connect, allowH2 }) }
}

/** undici's own fetch does not know Node's FormData class, and would send `[object FormData]`. */
function copyForm<F extends { append(name: string, value: unknown): void }>(form: FormData, copy: F): F {
  for (const [name, value] of form) copy.append(name, value)
  return copy
}
