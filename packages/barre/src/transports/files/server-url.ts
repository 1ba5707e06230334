import { ConfigError } from '../../core/index.ts'

/** A file server, as its URL names it. */
export interface ServerUrl<Protocol extends string> {
  readonly protocol: Protocol
  /** A name or an address, without brackets. */
  readonly host: string
  /** Absent: the protocol's own. */
  readonly port?: number
}

/** Reads the `url` of a file server; `protocols` as in `ftps:`. Throws ConfigError. */
export function readServerUrl<Protocol extends string>(
  url: string,
  protocols: readonly Protocol[],
): ServerUrl<Protocol> {
  const parsed = URL.parse(url)
  const protocol = protocols.find((known) => known === parsed?.protocol)
  if (parsed === null || protocol === undefined || parsed.hostname === '') {
    throw new ConfigError('url', `expected a server, as in ${protocols[0]}//host:port`)
  }
  if (parsed.username !== '' || parsed.password !== '') {
    throw new ConfigError('url', 'a user and password in the URL would show in logs; give them in auth')
  }
  if (!['', '/'].includes(parsed.pathname) || parsed.search !== '' || parsed.hash !== '') {
    throw new ConfigError('url', 'a server has no path here; each call names its own')
  }
  return {
    protocol,
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    ...(parsed.port !== '' && { port: Number(parsed.port) }),
  }
}
