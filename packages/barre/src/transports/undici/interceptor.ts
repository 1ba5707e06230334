import type { Dispatcher } from 'undici'
import type { CredentialSource, Need, Outgoing, Services, allowInsecureEndpoint } from '../../core/index.ts'
import { credentialHeaders, isResendable, isWithin, obtain, toBaseUrl, toNeed } from '../fetch/index.ts'
import type { CallInit } from '../fetch/index.ts'
import { RenewingHandler } from './renewing-handler.ts'
import { replaceHeaders } from './headers.ts'

/** What an interceptor is for. */
export interface InterceptorConfig<Auth = unknown> {
  /** Where the credential goes: this URL and what is below it. https, or plain http to loopback. */
  readonly baseUrl: string
  /** Who we are; absent: nobody, or with `caller` the caller. */
  readonly auth?: Auth
  readonly [allowInsecureEndpoint]?: boolean
}

/** What one request may say beside what undici knows, in its options. */
export type RequestExtras = Pick<CallInit, 'caller' | 'audience' | 'scopes'>

/** For `dispatcher.compose(...)`. */
export interface Interceptor {
  (dispatch: Dispatcher['dispatch']): Dispatcher['dispatch']
  /** Whether a credential can be had now. */
  ready(): boolean
  close(): Promise<void>
}

/** Makes an interceptor; throws ConfigError. */
export function toInterceptor(
  { baseUrl, auth, ...insecure }: InterceptorConfig,
  services: Pick<Services, 'credentialSource'>,
): Interceptor {
  const base = toBaseUrl(baseUrl, insecure)
  const own = auth === undefined ? undefined : services.credentialSource(auth, 'auth')
  const propagation = services.credentialSource({ propagate: true }, 'auth')
  const intercept =
    (dispatch: Dispatcher['dispatch']): Dispatcher['dispatch'] =>
    (options, handler) => {
      const extras = options as RequestExtras
      const source = own ?? (extras.caller === undefined ? undefined : propagation)
      const target = toTarget(options)
      if (source === undefined || target === undefined || !isWithin(base, target)) {
        return dispatch(options, handler)
      }
      const need = { method: options.method, target: target.href, ...toNeed(extras), ...signalOf(options) }
      void send(dispatch, source, need, options, handler)
      return true
    }
  return Object.assign(intercept, {
    ready: () => own?.ready?.() ?? true,
    async close() {
      await Promise.all([own?.close?.(), propagation.close?.()])
    },
  })
}

async function send(
  dispatch: Dispatcher['dispatch'],
  source: CredentialSource,
  need: Need,
  options: Dispatcher.DispatchOptions,
  handler: Dispatcher.DispatchHandler,
): Promise<void> {
  const sendWith = (credential: Outgoing, to: Dispatcher.DispatchHandler): boolean =>
    dispatch({ ...options, headers: replaceHeaders(options.headers, credentialHeaders(credential)) }, to)
  try {
    const credential = await obtain(source, need)
    if (!isResendable(options.body as RequestInit['body'])) sendWith(credential, handler)
    else
      sendWith(
        credential,
        new RenewingHandler(handler, { source, need, credential }, (renewed) => sendWith(renewed, handler)),
      )
  } catch (error) {
    fail(handler, error as Error)
  }
}

/**
 * Where a request goes. Unknown where the origin is the dispatcher's own, and for a path in absolute form, whose
 * host is not the one that the request is sent to.
 */
function toTarget({ origin, path }: Dispatcher.DispatchOptions): URL | undefined {
  if (origin === undefined || !path.startsWith('/')) return undefined
  const parsed = URL.parse(String(origin))
  return (parsed && URL.parse(parsed.origin + path)) ?? undefined
}

function signalOf(options: object): Pick<Need, 'signal'> {
  const { signal } = options as { readonly signal?: unknown }
  return signal instanceof AbortSignal ? { signal } : {}
}

/** A request that was not sent has a controller that controls nothing. */
function fail(handler: Dispatcher.DispatchHandler, reason: Error): void {
  const controller = {
    aborted: true,
    paused: false,
    reason,
    abort: ignore,
    pause: ignore,
    resume: ignore,
  }
  handler.onResponseError?.(controller, reason)
}

function ignore(): void {}
