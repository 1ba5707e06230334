import { ConfigError } from 'barre/core'
import { argon2idForm, parseArgon2id } from 'barre/crypto'
import type { Argon2idCost, Argon2idHash } from 'barre/crypto'
import type { Client, ClientStore } from './client.ts'
import type { ClientConfig } from '../config.ts'

/** The clients of the configuration, fixed while the service runs. Throws ConfigError that names the client's field. */
export function configuredClients(configs: readonly ClientConfig[], path: string): ClientStore {
  const clients = new Map<string, Client>()
  for (const [index, config] of configs.entries()) {
    if (clients.has(config.clientId)) {
      throw new ConfigError(`${path}[${index}].clientId`, 'another client has this clientId already')
    }
    clients.set(config.clientId, toClient(config, `${path}[${index}]`))
  }
  return { secretCost: oneCost([...clients.values()], path), find: (clientId) => clients.get(clientId) }
}

function toClient(config: ClientConfig, path: string): Client {
  return Object.freeze({
    clientId: config.clientId,
    secretHash: parseSecretHash(config.secretHash, `${path}.secretHash`),
    authenticationMethod: config.authenticationMethod ?? 'client_secret_basic',
    grants: new Set(config.grants),
    scopes: new Set(config.scopes),
    audiences: new Set(config.audiences),
  })
}

function parseSecretHash(text: string, path: string): Argon2idHash {
  const parsed = parseArgon2id(text)
  if (parsed !== undefined) return parsed
  throw new ConfigError(path, `expected ${argon2idForm}; the secret itself is never kept`)
}

/** Were the costs different, the time of a refusal would tell which clients exist. */
function oneCost(clients: readonly Client[], path: string): Argon2idCost {
  const [first, ...others] = clients.map((client) => client.secretHash)
  if (first === undefined) throw new ConfigError(path, 'expected at least one client')
  const { memoryKib, passes, lanes } = first
  for (const [index, other] of others.entries()) {
    if (other.memoryKib === memoryKib && other.passes === passes && other.lanes === lanes) continue
    throw new ConfigError(
      `${path}[${index + 1}].secretHash`,
      `expected m=${memoryKib},t=${passes},p=${lanes} as in ${path}[0]: all secrets are hashed alike`,
    )
  }
  return { memoryKib, passes, lanes }
}
