import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { startSts } from '@barre/sts'
import { hashArgon2id } from 'barre/crypto'
import { limit } from './limit.ts'
import { audience, secret } from './server.ts'
import type { StsConfig } from '@barre/sts'
import type { TokenServer } from './server.ts'

/** As a configuration's client, and as one of a store, which is read at each request. */
export const barreServers: readonly TokenServer[] = [
  { name: '@barre/sts', limit: limit.name, isOurs: true, listen: (folder) => listen(folder, {}) },
  {
    name: '@barre/sts, with a store',
    limit: limit.name,
    isOurs: true,
    listen: (folder) => listen(folder, { store: { sqlite: { file: join(folder, 'sts.db') } } }),
  },
]

async function listen(folder: string, more: Partial<StsConfig>): Promise<string> {
  const secretHash = await hashArgon2id(secret, randomBytes(16))
  const grants = ['client_credentials'] as const
  const { url } = await startSts({
    issuer: 'https://sts.example',
    port: 0,
    keysDirectory: join(folder, 'keys'),
    clients: [{ clientId: 'app', secretHash, grants, scopes: ['read'], audiences: [audience] }],
    ...more,
  })
  return `${url}/oauth2/token`
}
