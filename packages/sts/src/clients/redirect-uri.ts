import { isLoopback } from 'barre/core'

/** The longest redirect URI, in characters. */
export const redirectUriMaxLength = 2048

// RFC 8252 §7.1: a private scheme has a dot, as its owner's domain does, which keeps javascript: and data: out.
const privateScheme = /^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:$/

/** Whether answers may be sent there: https, http to loopback (RFC 8252 §7.3), or an application's own scheme. */
export function isRedirectUri(uri: string): boolean {
  // One spelling: what a parser would change could be read differently by a browser.
  if (uri.length > redirectUriMaxLength || !/^[\x21-\x7e]+$/.test(uri) || /[#\\]/.test(uri)) return false
  const url = URL.parse(uri)
  if (url === null || url.username !== '' || url.password !== '') return false
  if (url.protocol === 'https:') return true
  if (url.protocol === 'http:') return isLoopback(url.hostname)
  return privateScheme.test(url.protocol)
}

/**
 * Whether a request's redirect URI is one of the client's: the same text (RFC 9700 §2.1), but for the port of a
 * loopback address, which a program cannot choose (RFC 8252 §7.3).
 */
export function matchesRedirectUri(registered: readonly string[], requested: string): boolean {
  if (registered.includes(requested)) return true
  if (!isRedirectUri(requested)) return false
  const pattern = withoutLoopbackPort(requested)
  return pattern !== undefined && registered.some((uri) => withoutLoopbackPort(uri) === pattern)
}

/** Only of an address: `localhost` may be resolved elsewhere. */
function withoutLoopbackPort(uri: string): string | undefined {
  const match = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::\d{1,5})?(\/.*)?$/.exec(uri)
  return match === null ? undefined : `${match[1]}${match[2] ?? ''}`
}
