import type { Call } from '../../core/index.ts'
import type { HttpSettings } from './http-options.ts'

/**
 * The view of a request in the form of fetch. Such a request does not tell who is at the other end, so that its peer
 * has neither address nor certificate.
 */
export function toFetchCall(request: Request, settings: Pick<HttpSettings, 'origin'>): Call {
  const { headers, method, signal } = request
  const url = new URL(request.url)
  return {
    method,
    target: settings.origin + url.pathname,
    signal,
    peer: { encrypted: url.protocol === 'https:' },
    metadata: (name) => fetchHeaderValues(headers, name),
    parameters: (name) => url.searchParams.getAll(name),
  }
}

// Two credentials sent as two headers, which fetch joins: a comma before another scheme and its credential.
const nextCredential = /, ?(?=[A-Za-z][A-Za-z0-9-]* )/

/** Every value of a header, as far as they can still be told apart. */
export function fetchHeaderValues(headers: Headers, name: string): readonly string[] {
  const value = headers.get(name)
  if (value === null) return []
  return name === 'authorization' ? value.split(nextCredential) : [value]
}
