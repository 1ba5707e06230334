import { allowInsecureEndpoint, ConfigError, isLoopback } from '../../core/index.ts'
import { toClientOptions } from '../../tls/index.ts'
import type { ConnectionOptions } from 'node:tls'
import type { Services } from '../../core/index.ts'
import type { LdapServer } from './connection.ts'
import type { LdapUserStoreConfig } from './config.ts'

/** The most servers that one store may name. */
export const serversMax = 16

/** The servers of a configuration, in its order. Throws ConfigError. */
export function readServers(config: LdapUserStoreConfig, path: string): readonly LdapServer[] {
  const { connectionUrl } = config
  const place = `${path}.connectionUrl`
  const urls = typeof connectionUrl === 'string' ? connectionUrl.trim().split(/\s+/) : connectionUrl
  if (urls.length > serversMax) throw new ConfigError(place, `expected at most ${serversMax} servers`)
  return urls.map((url) => readServer(url, config, place))
}

function readServer(text: string, config: LdapUserStoreConfig, place: string): LdapServer {
  const url = parseUrl(text, place)
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const security = url.protocol === 'ldaps:' ? 'ldaps' : config.startTls === true ? 'startTls' : 'none'
  if (security === 'ldaps' && config.startTls === true) {
    throw new ConfigError(place, 'ldaps:// is encrypted from the start; startTls goes with ldap://')
  }
  if (security === 'none' && !isLoopback(host) && config[allowInsecureEndpoint] !== true) {
    throw new ConfigError(
      place,
      'ldap:// is accepted only to loopback; use ldaps://, startTls: true, or [allowInsecureEndpoint]: true in code',
    )
  }
  return { url: `${url.protocol}//${url.host}`, host, security }
}

function parseUrl(text: string, place: string): URL {
  const url = URL.parse(text)
  // A path would be a search base (RFC 4516), which is configured elsewhere; a user would show in logs.
  const extra = url && [url.username, url.password, url.pathname.replace('/', ''), url.search, url.hash]
  if (url !== null && url.hostname !== '' && extra?.join('') === '' && /^ldaps?:$/.test(url.protocol))
    return url
  throw new ConfigError(place, 'expected ldaps://host:port or ldap://host:port and nothing more')
}

/** What TLS to the servers needs, asked anew for each connection. Throws ConfigError. */
export function readTls(
  { secureSocket = {} }: LdapUserStoreConfig,
  servers: readonly LdapServer[],
  path: string,
  services: Pick<Services, 'now' | 'log'>,
): () => ConnectionOptions {
  const place = `${path}.secureSocket`
  if (Object.keys(secureSocket).length > 0 && servers.every(({ security }) => security === 'none')) {
    throw new ConfigError(place, 'no server is reached over TLS; use ldaps:// or startTls: true')
  }
  for (const field of ['shareSession', 'sessionTimeout', 'handshakeTimeout'] as const) {
    if (secureSocket[field] !== undefined) {
      throw new ConfigError(
        `${place}.${field}`,
        'not used here: connections are kept in place of sessions, and connectionTimeout covers the handshake',
      )
    }
  }
  const options = toClientOptions(secureSocket, place, () => services.now(), services.log)
  return () => ({
    ...options.renewed(),
    rejectUnauthorized: options.rejectUnauthorized,
    ...(options.serverName !== undefined && { servername: options.serverName }),
    ...(!options.verifyHostName && { checkServerIdentity: () => undefined }),
  })
}
