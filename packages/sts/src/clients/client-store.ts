import { BoundedCache, ConfigError, chain } from 'barre/core'
import { argon2idDefaultCost } from 'barre/crypto'
import { clientShape } from './client-shape.ts'
import { parseSecretHash } from './proofs.ts'
import { toClient } from './to-client.ts'
import type { Argon2idCost } from 'barre/crypto'
import type { ClientConfig } from '../config.ts'
import type { Store, StoredClient } from '../store/index.ts'
import type { Client, ClientStore } from './client.ts'
import type { ClientContext } from './to-client.ts'

/** How many clients of the store are kept ready. */
const readyMax = 10_000

/** What the store keeps of a client. */
export interface ClientRecord extends ClientConfig {
  readonly disabled?: boolean
}

/**
 * The clients of the configuration, which stay as they are, and those of the store, read at each request. Throws
 * ConfigError that names a client's field.
 */
export function createClientStore(
  configs: readonly ClientConfig[],
  store: Store,
  context: ClientContext,
  path: string,
): ClientStore {
  const secretCost = costOfSecrets(configs, path)
  const configured = new Map<string, Client>()
  for (const [index, config] of configs.entries()) {
    if (configured.has(config.clientId)) {
      throw new ConfigError(`${path}[${index}].clientId`, 'another client has this clientId already')
    }
    configured.set(config.clientId, toClient(config, context, `${path}[${index}]`))
  }
  const ready = new BoundedCache<string, Client | undefined>({ maxEntries: readyMax, maxBytes: Infinity })
  const open = ({ clientId, record }: StoredClient): Client | undefined => {
    // Equal text is an equal client, which keeps what it has proven.
    const known = ready.get(record, 0)
    if (known !== undefined) return known
    const client = readStored(clientId, record, secretCost, context)
    if (client !== undefined) ready.set(record, client, { bytes: 1, expiresAtMs: Infinity })
    return client
  }
  return {
    secretCost,
    find: (clientId) =>
      configured.get(clientId) ?? chain(store.findClient(clientId), (stored) => stored && open(stored)),
    problemOf: (config) => problemOf(config, context),
    async close() {
      await Promise.all([...configured.values()].map(async ({ proof }) => proof.close?.()))
    },
  }
}

/** The client, unless it is disabled or its record can no longer be used. */
function readStored(
  clientId: string,
  record: string,
  secretCost: Argon2idCost,
  context: ClientContext,
): Client | undefined {
  const { log } = context.services
  try {
    const { disabled = false, ...config } = JSON.parse(record) as ClientRecord
    if (disabled) return undefined
    const path = `store.clients[${clientId}]`
    const checked = clientShape.check(config, path)
    if (checked.jwksConfig !== undefined) {
      throw new ConfigError(`${path}.jwksConfig`, 'only for clients of the configuration')
    }
    if (checked.secretHash !== undefined && !isSame(parseSecretHash(checked, path), secretCost)) {
      throw new ConfigError(
        `${path}.secretHash`,
        'hashed at another cost than the secrets of others: rotate it',
      )
    }
    return toClient(checked, context, path)
  } catch (error) {
    log.error({ clientId, error }, 'a client of the store cannot be used')
    return undefined
  }
}

function problemOf(config: ClientConfig, context: ClientContext): string | undefined {
  try {
    toClient(clientShape.check(config, 'client'), context, 'client')
    return undefined
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
}

/** Were the costs different, the time of a refusal would tell which clients exist. */
export function costOfSecrets(configs: readonly ClientConfig[], path: string): Argon2idCost {
  const costs = configs.flatMap((config, index) =>
    config.secretHash === undefined ? [] : [{ index, cost: parseSecretHash(config, `${path}[${index}]`) }],
  )
  const [first, ...others] = costs
  if (first === undefined) return argon2idDefaultCost
  const { memoryKib, passes, lanes } = first.cost
  for (const { index, cost } of others) {
    if (isSame(cost, first.cost)) continue
    throw new ConfigError(
      `${path}[${index}].secretHash`,
      `expected m=${memoryKib},t=${passes},p=${lanes} as in ${path}[${first.index}]: all secrets are hashed alike`,
    )
  }
  return { memoryKib, passes, lanes }
}

function isSame(one: Argon2idCost, other: Argon2idCost): boolean {
  return one.memoryKib === other.memoryKib && one.passes === other.passes && one.lanes === other.lanes
}
