import { ConfigError, isLoopback } from '../../core/index.ts'

/** The servers of a configuration, checked. */
export interface Servers {
  readonly urls: readonly string[]
  readonly hosts: readonly string[]
  /** Whether clear text was asked for: `nats:` of each. */
  readonly isClear: boolean
  /** Whether no server is on another machine. */
  readonly isLocal: boolean
}

const defaultPort = '4222'

/** Reads `url`; throws ConfigError. */
export function readServers(url: string | readonly string[]): Servers {
  const given = typeof url === 'string' ? [url] : url
  const parsed = given.map((server, index) =>
    parse(server, typeof url === 'string' ? 'url' : `url[${index}]`),
  )
  return {
    urls: parsed.map(({ hostname, port }) => `${hostname}:${port || defaultPort}`),
    hosts: parsed.map(({ hostname }) => hostname.replace(/^\[|\]$/g, '')),
    isClear: parsed.every(({ protocol }) => protocol === 'nats:'),
    isLocal: parsed.every(({ hostname }) => isLoopback(hostname)),
  }
}

function parse(server: string, path: string): URL {
  const parsed = URL.parse(server.includes('://') ? server : `tls://${server}`)
  if (parsed === null || parsed.hostname === '' || !['tls:', 'nats:'].includes(parsed.protocol)) {
    throw new ConfigError(path, 'expected a server, as in tls://host:4222')
  }
  if (parsed.username === '' && parsed.password === '') return parsed
  throw new ConfigError(path, 'a user and password in the URL would show in logs; give them in auth')
}
