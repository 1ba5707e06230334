import { attach, isSame, obtain } from './enrich.ts'
import type { CredentialSource, Fetch, Need, Outgoing } from '../../core/index.ts'

/** What a source may want to know of a call beside its method and URL. */
export type CallNeed = Pick<Need, 'audience' | 'scopes' | 'caller'>

/**
 * Sends one request with the source's credential. After a 401 the source is asked once more, told what was
 * refused; only with another credential, and only where the body can be sent again, is there a second try.
 */
export async function sendAuthenticated(
  fetch: Fetch,
  source: CredentialSource,
  url: URL,
  init: RequestInit,
  more: CallNeed = {},
): Promise<Response> {
  const need: Need = {
    method: init.method?.toUpperCase() ?? 'GET',
    target: url.href,
    ...more,
    ...(init.signal && { signal: init.signal }),
  }
  const credential = await obtain(source, need)
  const response = await fetch(url, { ...init, headers: attach(init.headers, credential) })
  if (response.status !== 401) return response
  const renewed = await renew(source, need, credential, response)
  if (renewed === undefined || !isResendable(init.body)) return response
  await response.body?.cancel()
  return fetch(url, { ...init, headers: attach(init.headers, renewed) })
}

/**
 * A `fetch` that carries a credential to whatever it is called with: for endpoints whose URLs are configured.
 */
export function authenticatedFetch(fetch: Fetch, source: CredentialSource): Fetch {
  const send = (url: string | URL, init: RequestInit = {}): Promise<Response> =>
    sendAuthenticated(fetch, source, new URL(url), { ...init, redirect: 'manual' })
  return Object.assign(send, {
    async close() {
      await Promise.all([fetch.close?.(), source.close?.()])
    },
  })
}

/** Whether the body is data that is still there after it was sent. */
export function isResendable(body: RequestInit['body']): boolean {
  if (body === undefined || body === null || typeof body === 'string') return true
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return true
  return body instanceof URLSearchParams || body instanceof Blob || body instanceof FormData
}

async function renew(
  source: CredentialSource,
  need: Need,
  refused: Outgoing,
  response: Response,
): Promise<Outgoing | undefined> {
  return renewWith(source, need, refused, (name) => {
    const value = response.headers.get(name)
    return value === null ? [] : [value]
  })
}

/** Another credential in place of the refused one, where the source has one. */
export async function renewWith(
  source: CredentialSource,
  need: Need,
  credential: Outgoing,
  metadata: (name: string) => readonly string[],
): Promise<Outgoing | undefined> {
  const result = await source.credential({ ...need, refused: { credential, metadata } })
  return result.ok && !isSame(result.value, credential) ? result.value : undefined
}
