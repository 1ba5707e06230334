import fastify from 'fastify'
import { ConfigError, allowInsecureListener, isLoopback } from 'barre/core'
import { createServices } from 'barre/auth'
import { toServerOptions, watchCertificates } from 'barre/tls'
import { addEndpoints } from './endpoints/index.ts'
import { clientAuthentication } from './clients/authenticate.ts'
import { configuredClients } from './clients/configured-clients.ts'
import { createGrants } from './grants/index.ts'
import { jwtAccessTokens } from './tokens/access-token.ts'
import { loadSigningKeys } from './keys/signing-keys.ts'
import { stsShape } from './config.ts'
import { trustedIssuers } from './trusted-issuers.ts'
import type { FastifyInstance } from 'fastify'
import type { Services } from 'barre/core'
import type { StsConfig } from './config.ts'

/** A running service. */
export interface RunningSts {
  /** Where it listens; its `issuer` is what clients use. */
  readonly url: string
  /** Ends it: requests in flight are answered first. */
  close(): Promise<void>
}

/** Milliseconds within which a whole request must have come. */
const requestTimeoutMs = 10_000
const lifetimeDefaultSeconds = 300

/** Starts a Secure Token Service. Throws ConfigError that names the field at fault, before anything listens. */
export async function startSts(config: StsConfig, overrides: Partial<Services> = {}): Promise<RunningSts> {
  const checked = stsShape.check(config, '')
  const services = createServices(overrides)
  const { issuer, host = '127.0.0.1', port, tokens = {} } = checked
  checkListener(checked)
  const clients = configuredClients(checked.clients, 'clients')
  const { algorithm = 'ES256', lifetimeSeconds = lifetimeDefaultSeconds } = tokens
  const keys = await loadSigningKeys(checked.keysDirectory, algorithm, services, 'keysDirectory')
  const app = createApp(checked, services)
  try {
    const issuers = trustedIssuers(checked.trustedIssuers ?? [], issuer, services, 'trustedIssuers')
    app.addHook('onClose', () => issuers.close())
    addEndpoints(app, {
      issuer,
      keys,
      authenticate: clientAuthentication(clients, services),
      grants: createGrants(issuers, clients, jwtAccessTokens(issuer, lifetimeSeconds, keys, services)),
      log: services.log,
      ready: () => issuers.ready(),
    })
    return { url: await app.listen({ host, port }), close: () => app.close() }
  } catch (error) {
    await app.close()
    throw error
  }
}

/** RFC 6749 §3.2: the token endpoint is served over TLS. Loopback is the exception that development needs. */
function checkListener({
  host = '127.0.0.1',
  secureSocket,
  [allowInsecureListener]: insecure,
}: StsConfig): void {
  if (secureSocket !== undefined || insecure === true || isLoopback(host)) return
  throw new ConfigError(
    'secureSocket',
    'required off loopback, where secrets would travel in clear text; or set [allowInsecureListener]: true',
  )
}

function createApp({ secureSocket }: StsConfig, services: Services): FastifyInstance {
  const options = { requestTimeout: requestTimeoutMs, exposeHeadRoutes: false, logger: false } as const
  if (secureSocket === undefined) return fastify(options)
  const now = (): number => services.now()
  const app = fastify({ ...options, https: toServerOptions(secureSocket, 'secureSocket', now) })
  const watcher = watchCertificates(app.server, secureSocket, { log: services.log, now })
  app.addHook('onClose', async () => watcher.close())
  return app
}
