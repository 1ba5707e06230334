import { ConfigError } from './config-error.ts'
import { allowInsecureEndpoint } from './insecure.ts'

/**
 * Reads the URL of a configured endpoint (a JWKS, a token endpoint, a base URL): https, or plain http to
 * loopback.
 * Throws ConfigError that names `path`; `[allowInsecureEndpoint]: true` accepts plain http anywhere.
 */
export function checkEndpoint(
  url: string,
  path: string,
  options: { readonly [allowInsecureEndpoint]?: boolean } = {},
): URL {
  const parsed = URL.parse(url)
  if (parsed === null) throw new ConfigError(path, 'expected an absolute URL, as in https://host/path')
  if (parsed.username !== '' || parsed.password !== '') {
    throw new ConfigError(path, 'a user and password in the URL would show in logs; give them in auth')
  }
  if (isSecureUrl(parsed)) return parsed
  if (parsed.protocol !== 'http:') throw new ConfigError(path, `expected https:, found ${parsed.protocol}`)
  if (options[allowInsecureEndpoint] === true) return parsed
  throw new ConfigError(
    path,
    'plain http is accepted only to loopback; use https, or set [allowInsecureEndpoint]: true in code',
  )
}

/** Whether what is sent to this URL cannot be read on the way: https, or it never leaves the machine. */
export function isSecureUrl(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}

/** Whether a host name or address, as `URL.hostname` or a listener gives it, is this machine's loopback. */
export function isLoopback(host: string): boolean {
  const address = host.startsWith('[') ? host.slice(1, -1) : host
  // A dotted quad only: `127.evil.example` is somebody else's name.
  return address === 'localhost' || address === '::1' || /^127(\.\d{1,3}){3}$/.test(address)
}
