import { randomBytes } from 'node:crypto'
import { ConfigError } from 'barre/core'
import { hashArgon2id } from 'barre/crypto'
import { clientShape } from './clients/client-shape.ts'
import { costOfSecrets } from './clients/client-store.ts'
import { makeKey, pruneKeys } from './keys/signing-keys.ts'
import { toKeysConfig } from './start.ts'
import { migrateStore, openStore } from './store/index.ts'
import type { Services } from 'barre/core'
import type { ClientRecord } from './clients/client-store.ts'
import type { ClientConfig, StoreConfig, StsConfig } from './config.ts'
import type { KeysConfig } from './keys/signing-keys.ts'
import type { Store } from './store/index.ts'

/** What an operator may do beside a running service: it sees each change at its next request. */
export interface StsManagement {
  /** Adds a client to the store; answers with its secret, where it has one, which is kept nowhere. */
  addClient(client: Omit<ClientConfig, 'secretHash'>): Promise<string | undefined>
  listClients(): Promise<readonly ClientRecord[]>
  /** Gives a client another secret; the old one ends at once. */
  rotateSecret(clientId: string): Promise<string>
  setDisabled(clientId: string, disabled: boolean): Promise<void>
  /** Deletes what has expired from the store, and keys whose last token has ended. */
  prune(): Promise<{ readonly rows: number; readonly keys: number }>
  backup(file: string): Promise<void>
  close(): Promise<void>
}

const secretBytes = 32
const saltBytes = 16

/** Opens the store of a configuration. Every method throws ConfigError for what cannot be done. */
export async function manageSts(
  config: StsConfig,
  services: Pick<Services, 'now' | 'log'>,
): Promise<StsManagement> {
  const store = await openStore(storeOf(config), services.log, 'store')
  const makeSecret = async (): Promise<{ readonly secret: string; readonly secretHash: string }> => {
    const secret = randomBytes(secretBytes).toString('base64url')
    const cost = costOfSecrets(config.clients ?? [], 'clients')
    return { secret, secretHash: await hashArgon2id(secret, randomBytes(saltBytes), cost) }
  }
  return {
    async addClient(client) {
      const { authenticationMethod: method = 'client_secret_basic', clientId } = client
      const made = method.startsWith('client_secret') ? await makeSecret() : undefined
      const record = { ...client, ...(made && { secretHash: made.secretHash }) }
      clientShape.check(record, 'client')
      const isConfigured = config.clients?.some((known) => known.clientId === clientId) === true
      if (isConfigured || !(await store.addClient({ clientId, record: JSON.stringify(record) }))) {
        throw new ConfigError('client.clientId', 'another client has this clientId already')
      }
      return made?.secret
    },
    listClients: async () => [
      ...(config.clients ?? []),
      ...(await store.listClients()).map(({ record }) => JSON.parse(record) as ClientRecord),
    ],
    async rotateSecret(clientId) {
      const { secret, secretHash } = await makeSecret()
      await change(store, clientId, (client) => {
        if (client.secretHash === undefined) {
          throw new ConfigError('client.clientId', 'this client has no secret: it proves itself another way')
        }
        return { ...client, secretHash }
      })
      return secret
    },
    setDisabled: (clientId, disabled) => change(store, clientId, (client) => ({ ...client, disabled })),
    async prune() {
      const rows = await store.prune(services.now())
      const keys = await withKeys(config, (keysConfig) => pruneKeys(keysConfig, services.now()))
      return { rows, keys }
    },
    backup: (file) => store.backup(file),
    close: () => store.close(),
  }
}

async function change(
  store: Store,
  clientId: string,
  edit: (client: ClientRecord) => ClientRecord,
): Promise<void> {
  const found = await store.findClient(clientId)
  if (found === undefined) {
    throw new ConfigError(
      'client.clientId',
      'no client of the store has it; those of a file are changed there',
    )
  }
  const record = JSON.stringify(edit(JSON.parse(found.record) as ClientRecord))
  if (!(await store.replaceClient({ clientId, record }, found.record))) {
    throw new ConfigError('client.clientId', 'somebody else changed the client meanwhile: run this again')
  }
}

/** Brings the tables of a configuration's store to the current version; answers with the version before. */
export function migrateSts(config: StsConfig, { log }: Pick<Services, 'log'>): Promise<number> {
  return migrateStore(storeOf(config), log, 'store')
}

/** Makes a signing key; a running service publishes it within half a minute, and uses it when everybody has it. */
export function makeStsKey(config: StsConfig, services: Pick<Services, 'now' | 'log'>): Promise<void> {
  return withKeys(config, (keysConfig) => makeKey(keysConfig, services))
}

async function withKeys<T>(config: StsConfig, work: (keysConfig: KeysConfig) => Promise<T>): Promise<T> {
  const keysConfig = toKeysConfig(config)
  try {
    return await work(keysConfig)
  } finally {
    keysConfig.place.close()
  }
}

function storeOf({ store }: StsConfig): StoreConfig {
  if (store !== undefined) return store
  throw new ConfigError('store', 'this needs a store, and the configuration has none')
}
