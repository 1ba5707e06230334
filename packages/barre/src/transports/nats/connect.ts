import { checkServerIdentity } from 'node:tls'
import type { PeerCertificate } from 'node:tls'
import { connect } from '@nats-io/transport-node'
import { allowInsecureEndpoint } from '../../core/index.ts'
import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node'
import type { Services } from '../../core/index.ts'
import { toClientOptions, toSocketOptions } from '../../tls/index.ts'
import { toIdentity } from './authenticator.ts'
import { natsShape } from './config.ts'
import type { NatsConfig } from './config.ts'
import type { NatsIdentity } from './authenticator.ts'
import { readServers } from './servers.ts'
import type { Servers } from './servers.ts'

/**
 * Opens a connection of the library's own, which shows a fresh credential whenever it is made again, and is made again
 * before its credential ends. Throws ConfigError, CredentialError, and what the library throws.
 */
export async function natsConnect(config: NatsConfig, services: Services): Promise<NatsConnection> {
  const {
    url,
    auth,
    options,
    connectionName = 'barre',
    inboxPrefix,
    noEcho,
    ...rest
  } = natsShape.check(config, '')
  const servers = readServers(url)
  const tls = toTls(rest, servers, services)
  let connection: NatsConnection | undefined
  const identity = await toIdentity(auth, servers.urls[0] ?? '', services, () => void connection?.reconnect())
  try {
    connection = await connect({
      maxReconnectAttempts: -1,
      // The next attempt shows another credential: being refused is no reason to give up.
      ignoreAuthErrorAbort: true,
      ...options,
      servers: [...servers.urls],
      name: connectionName,
      ...(inboxPrefix !== undefined && { inboxPrefix }),
      ...(noEcho !== undefined && { noEcho }),
      ...(identity.authenticator && { authenticator: identity.authenticator }),
      ...(tls && { tls }),
    })
  } catch (error) {
    await identity.close()
    throw error
  }
  void attend(connection, identity, services)
  return connection
}

/** Tells the identity what the server says of it, and ends it with the connection. */
async function attend(connection: NatsConnection, identity: NatsIdentity, { log }: Services): Promise<void> {
  void connection.closed().then(() => identity.close())
  for await (const status of connection.status()) {
    if (status.type !== 'error') continue
    log.warn({ error: status.error.message }, 'NATS reported an error')
    if (/authentication|authorization/i.test(status.error.message)) identity.refused()
  }
}

type TlsOptions = NonNullable<NodeConnectionOptions['tls']>

function toTls(
  {
    secureSocket,
    [allowInsecureEndpoint]: isInsecure,
  }: Pick<NatsConfig, 'secureSocket' | typeof allowInsecureEndpoint>,
  servers: Servers,
  services: Services,
): TlsOptions | undefined {
  if (secureSocket === undefined && servers.isClear && (servers.isLocal || isInsecure === true)) {
    if (!servers.isLocal)
      services.log.warn({ servers: servers.hosts }, 'NATS is spoken in clear text: allowInsecureEndpoint')
    return undefined
  }
  const tls = toClientOptions(secureSocket ?? {}, 'secureSocket', () => services.now(), services.log)
  const names = tls.serverName === undefined ? servers.hosts : [tls.serverName]
  // The library checks an address in a URL as if it were `localhost`. And the servers of a cluster tell each other's
  // addresses: what counts is a name that was configured.
  const check = (_host: string, certificate: PeerCertificate): Error | undefined => {
    const problems = names.map((name) => checkServerIdentity(name, certificate))
    return problems.includes(undefined) ? undefined : problems[0]
  }
  // The library hands on all that `tls.connect` takes; its type lists a part of it.
  const options: object = {
    ...(tls.verifyHostName && { checkServerIdentity: check }),
    ...toSocketOptions(tls),
  }
  return options
}
