import { connect, credentials } from 'amqplib'
import type { RecoveringChannelModel } from 'amqplib'
import { allowInsecureEndpoint, ConfigError, isLoopback } from '../../core/index.ts'
import type { Outgoing, Services } from '../../core/index.ts'
import { toClientOptions, toSocketOptions } from '../../tls/index.ts'
import { keepCredential } from '../messages/index.ts'
import type { KeptCredential } from '../messages/index.ts'
import { connectionTimeoutDefaultSeconds, rabbitMqShape } from './config.ts'
import type { RabbitMqConfig } from './config.ts'

/**
 * Opens a connection of the library's own, which recovers with the credential of then; a token is replaced on the open
 * connection before it ends (`update-secret`). Throws ConfigError, CredentialError, and what the library throws.
 */
export async function rabbitMqConnect(
  config: RabbitMqConfig,
  services: Services,
): Promise<RecoveringChannelModel> {
  const checked = rabbitMqShape.check(config, '')
  const { auth, heartbeat, connectionTimeout = connectionTimeoutDefaultSeconds, recovery } = checked
  const url = toUrl(checked, services)
  const tls = toClientOptions(checked.secureSocket ?? {}, 'secureSocket', () => services.now(), services.log)
  let model: RecoveringChannelModel | undefined
  const renew = (renewed: Outgoing): void => {
    if (renewed.kind === 'token' && model !== undefined) update(model, renewed, services)
  }
  const kept = await keep(checked, auth, services, renew)
  try {
    model = await connect(
      {
        protocol: url.protocol.slice(0, -1),
        hostname: url.hostname.replace(/^\[|\]$/g, ''),
        vhost: url.pathname.slice(1),
        ...(url.port !== '' && { port: Number(url.port) }),
        ...(heartbeat !== undefined && { heartbeat }),
      },
      {
        ...toSocketOptions(tls),
        credentials: kept === undefined ? credentials.external() : toCredentials(kept),
        timeout: connectionTimeout * 1000,
        // A broker that cannot be reached at start is a mistake in the configuration more often than an outage.
        recovery: { initialMaxRetries: 0, ...recovery },
      },
    )
  } catch (error) {
    await kept?.close()
    throw error
  }
  attend(model, kept, services)
  return model
}

function toUrl(config: RabbitMqConfig, { log }: Services): URL {
  const url = URL.parse(config.url)
  if (url === null || !['amqp:', 'amqps:'].includes(url.protocol) || url.hostname === '') {
    throw new ConfigError('url', 'expected a broker, as in amqps://host:5671')
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConfigError('url', 'a user and password in the URL would show in logs; give them in auth')
  }
  if (url.search !== '') throw new ConfigError('url', 'a query is not read here; leave it out')
  if (url.protocol === 'amqps:') return url
  if (config.secureSocket !== undefined) throw new ConfigError('url', 'secureSocket needs amqps:')
  if (isLoopback(url.hostname)) return url
  if (config[allowInsecureEndpoint] !== true) {
    throw new ConfigError(
      'url',
      'clear text is accepted only to loopback; use amqps, or set [allowInsecureEndpoint]: true in code',
    )
  }
  log.warn({ host: url.hostname }, 'RabbitMQ is spoken in clear text: allowInsecureEndpoint')
  return url
}

async function keep(
  { url, secureSocket }: RabbitMqConfig,
  auth: unknown,
  services: Services,
  onRenewal: (renewed: Outgoing) => void,
): Promise<KeptCredential | undefined> {
  if (auth !== undefined) {
    const source = services.credentialSource(auth, 'auth')
    return keepCredential(source, { method: 'CONNECT', target: url }, services, onRenewal)
  }
  if (secureSocket?.key !== undefined) return undefined
  throw new ConfigError('auth', 'required, unless the certificate of secureSocket.key says who we are')
}

/** The library asks for the response whenever it connects. */
function toCredentials(kept: KeptCredential): { mechanism: string; response(): Buffer } {
  return {
    mechanism: 'PLAIN',
    response() {
      const outgoing = kept.current()
      return outgoing.kind === 'password'
        ? credentials.plain(outgoing.username, outgoing.password.reveal()).response()
        : // The user's name stands in the token.
          credentials.plain('', outgoing.token.reveal()).response()
    },
  }
}

function update(
  model: RecoveringChannelModel,
  { token }: Outgoing & { kind: 'token' },
  { log }: Services,
): void {
  model.updateSecret(Buffer.from(token.reveal()), 'renewed').catch((error: unknown) => {
    // The broker closes a connection whose secret it refuses; the next one is made with the credential of then.
    log.warn({ error }, 'RabbitMQ did not take the renewed token')
  })
}

function attend(model: RecoveringChannelModel, kept: KeptCredential | undefined, { log }: Services): void {
  // Without a listener, an error would end the program.
  model.on('error', (error) => log.warn({ error: error.message }, 'RabbitMQ reported an error'))
  model.on('connect-failed', (error) => {
    log.warn({ error: error.message }, 'RabbitMQ cannot be reached yet')
    if (/ACCESS[-_]REFUSED/.test(error.message)) kept?.refused()
  })
  model.on('reconnect-failed', () => void kept?.close())
  const close = model.close.bind(model)
  model.close = async () => {
    await kept?.close()
    await close()
  }
}
