import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { manageSts, startSts } from '@barre/sts'
import { createServices } from 'barre/auth'
import { hashArgon2id } from 'barre/crypto'
import { limit } from './limit.ts'
import { audience, secret } from './server.ts'
import type { ClientConfig, StsConfig } from '@barre/sts'
import type { TokenServer } from './server.ts'

/** The third has no target: a client of the store is read at each request, which the limit does not do. */
export const barreServers: readonly TokenServer[] = [
  {
    name: '@barre/sts',
    limit: limit.name,
    isOurs: true,
    listen: async (folder) => listen({ ...settings(folder), clients: [await client()] }),
  },
  {
    name: '@barre/sts, with a store',
    limit: limit.name,
    isOurs: true,
    listen: async (folder) =>
      listen({ ...settings(folder), store: storeIn(folder), clients: [await client()] }),
  },
  {
    name: '@barre/sts, client in the store',
    limit: limit.name,
    async listen(folder) {
      const config = { ...settings(folder), store: storeIn(folder) }
      await (await manageSts(config, createServices())).close()
      // Not by addClient, which chooses the secret.
      const database = new DatabaseSync(config.store.sqlite.file)
      const record = JSON.stringify(await client())
      database.prepare('INSERT INTO clients (id, record) VALUES (?, ?)').run('app', record)
      database.close()
      return listen(config)
    },
  },
]

function storeIn(folder: string) {
  return { sqlite: { file: join(folder, `${randomUUID()}.db`) } }
}

function settings(folder: string) {
  return { issuer: 'https://sts.example', port: 0, keysDirectory: join(folder, 'keys') } as const
}

async function client(): Promise<ClientConfig> {
  const secretHash = await hashArgon2id(secret, randomBytes(16))
  const grants = ['client_credentials'] as const
  return { clientId: 'app', secretHash, grants, scopes: ['read'], audiences: [audience] }
}

async function listen(config: StsConfig): Promise<string> {
  const { url } = await startSts(config)
  return `${url}/oauth2/token`
}
