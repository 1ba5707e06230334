import fastify from 'fastify'
import { allowInsecureEndpoint, ConfigError } from 'barre/core'
import { createServices } from 'barre/auth'
import { toWatchedOptions, watchCertificates } from 'barre/tls'
import { stsShape } from './config-shape.ts'
import { createDesk, longestLifetimeSeconds } from './desk.ts'
import { addEndpoints } from './endpoints/index.ts'
import { answerExpectations, answerMalformed } from './endpoints/malformed.ts'
import { openKeyPlace } from './keys/key-place.ts'
import { loadSigningKeys } from './keys/signing-keys.ts'
import { startAdmin } from './operation/admin.ts'
import { openAudit } from './operation/audit.ts'
import { createMetrics } from './operation/metrics.ts'
import { memoryStore, openStore } from './store/index.ts'
import type { FastifyInstance } from 'fastify'
import type { Services } from 'barre/core'
import type { StsConfig } from './config.ts'
import type { Base, Desk } from './desk.ts'
import type { KeysConfig } from './keys/signing-keys.ts'

/** A running service. */
export interface RunningSts {
  /** Where it listens; its `issuer` is what clients use. */
  readonly url: string
  /** Where `/metrics` is, if anywhere. */
  readonly adminUrl?: string
  /** Makes a signing key: published now, used once everybody has seen it. */
  rotateKeys(): Promise<void>
  /**
   * Takes another configuration without a pause. Throws ConfigError that names the field at fault, or one that only a
   * restart can change; the service then goes on as it was.
   */
  reload(config: StsConfig): Promise<void>
  /** Ends it: requests in flight are answered first. */
  close(): Promise<void>
}

/** Milliseconds within which a whole request must have come. */
const requestTimeoutMs = 10_000
/** How often what has expired is deleted from the store, in milliseconds. */
const pruneEveryMs = 600_000
const pepperBytes = 32

/** Starts a Secure Token Service. Throws ConfigError that names the field at fault, before anything listens. */
export async function startSts(config: StsConfig, overrides: Partial<Services> = {}): Promise<RunningSts> {
  const checked = stsShape.check(config, '')
  const services = createServices(overrides)
  const base = await openBase(checked, services)
  let desk: Desk | undefined
  const current = (): Desk => {
    if (desk === undefined) throw new Error('no desk before the first')
    return desk
  }
  const app = createApp(checked, services, current)
  app.addHook('onClose', async () => {
    await desk?.close()
    await closeBase(base)
  })
  try {
    desk = createDesk(checked, base)
    addEndpoints(app, current)
    answerExpectations(app.server)
    const admin = checked.admin && (await startAdmin(checked.admin, current))
    app.addHook('onClose', async () => admin?.close())
    const url = await app.listen({ host: checked.host ?? '127.0.0.1', port: checked.port })
    return {
      url,
      ...(admin && { adminUrl: admin.url }),
      rotateKeys: () => base.keys.rotate(),
      async reload(next) {
        const before = current()
        desk = createDesk(checkReload(stsShape.check(next, ''), before.config), base)
        services.log.info({ event: 'reloaded' }, 'another configuration is in use')
        await before.close()
      },
      close: () => app.close(),
    }
  } catch (error) {
    await app.close()
    throw error
  }
}

interface OpenBase extends Base {
  readonly pruning: NodeJS.Timeout
}

/** Opens what outlives a reload; what was opened before something failed is closed again. */
async function openBase(config: StsConfig, services: Services): Promise<OpenBase> {
  const store =
    config.store === undefined ? await memoryStore() : await openStore(config.store, services.log, 'store')
  try {
    const metrics = createMetrics(config.openTelemetry === true, 'openTelemetry')
    const keys = await loadSigningKeys(toKeysConfig(config), services)
    const audit = await openAudit(config.auditFile, services, 'auditFile')
    const prune = (): void => {
      store.prune(services.now()).catch((error: unknown) => {
        services.log.error({ error }, 'what has expired cannot be deleted from the store')
      })
    }
    const pruning = setInterval(prune, pruneEveryMs).unref()
    return {
      services,
      store,
      keys,
      audit,
      metrics,
      pepper: Buffer.from(services.random(pepperBytes)).toString('hex'),
      pruning,
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

async function closeBase({ keys, audit, store, pruning }: OpenBase): Promise<void> {
  clearInterval(pruning)
  keys.close()
  await audit.close()
  await store.close()
}

/** How a configuration's keys are loaded; the place is to be closed. */
export function toKeysConfig(config: StsConfig): KeysConfig {
  return {
    place: openKeyPlace(config),
    algorithm: config.tokens?.algorithm ?? 'ES256',
    tokenMaxLifetimeSeconds: longestLifetimeSeconds(config),
    keyLifetimeDays: config.keyLifetimeDays,
  }
}

/** What a running service cannot change. */
const fixed = [
  'issuer',
  'host',
  'port',
  'secureSocket',
  'keysDirectory',
  'keysPassword',
  'pkcs11',
  'keyLifetimeDays',
  'store',
  'auditFile',
  'openTelemetry',
  'admin',
] as const

function checkReload(next: StsConfig, before: StsConfig): StsConfig {
  const changed = fixed.find((name) => JSON.stringify(next[name]) !== JSON.stringify(before[name]))
  if (changed !== undefined) throw new ConfigError(changed, 'only a restart can change this')
  if (next.tokens?.algorithm !== before.tokens?.algorithm) {
    throw new ConfigError('tokens.algorithm', 'only a restart can change this')
  }
  if (longestLifetimeSeconds(next) > longestLifetimeSeconds(before)) {
    throw new ConfigError(
      'tokens.lifetimeSeconds',
      'only a restart can lengthen it: keys would retire too early',
    )
  }
  return next
}

function createApp({ secureSocket }: StsConfig, services: Services, desk: () => Desk): FastifyInstance {
  const options = {
    requestTimeout: requestTimeoutMs,
    exposeHeadRoutes: false,
    logger: false,
    ...answerMalformed(desk),
  } as const
  if (secureSocket === undefined) return fastify(options)
  const now = (): number => services.now()
  const app = fastify({ ...options, https: toWatchedOptions(secureSocket, 'secureSocket', now) })
  const watcher = watchCertificates(app.server, secureSocket, {
    log: services.log,
    now,
    // What a responder says is signed: certificates name it by plain http.
    fetch: services.fetchFor({ [allowInsecureEndpoint]: true }, 'secureSocket.certValidation'),
  })
  app.addHook('onClose', async () => watcher.close())
  return app
}
