import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSts } from '@barre/sts'
import { hashArgon2id } from 'barre/crypto'
import type { ClientAuthConfig } from 'barre/auth'
import type { Jwks } from 'barre/jose'
import { lifetimeSeconds, tokenIssuer } from './world.ts'

/** Our own Secure Token Service, whose tokens the brokers take; clients get them by the client credentials grant. */
export interface TokenService {
  readonly jwks: Jwks
  /** The `auth` of a client whose tokens are for this audience. */
  grant(audience: string, client?: 'flow' | 'visitor'): ClientAuthConfig
  /** How many tokens the service has given to that flow. */
  issuedTo(audience: string): number
  close(): Promise<void>
}

/** What RabbitMQ reads permissions from; no other broker minds. */
const scopes = ['rabbitmq.configure:*/*', 'rabbitmq.read:*/*', 'rabbitmq.write:*/*']

/** Each audience has two clients: a visitor, and a flow, whose tokens live as long as `lifetimeSeconds`. */
export async function startTokenService(audiences: readonly string[]): Promise<TokenService> {
  const directory = await mkdtemp(join(tmpdir(), 'barre-broker-tokens-'))
  const clientSecret = randomBytes(32).toString('base64url')
  const cheap = { memoryKib: 8, passes: 1, lanes: 1 }
  const secretHash = await hashArgon2id(clientSecret, randomBytes(16), cheap)
  const grants = ['client_credentials'] as const
  const counts = new Map<string, number>()
  const count = (fields: object): void => {
    const { event, clientId } = fields as { event?: string; clientId?: string }
    if (event === 'token_issued') counts.set(clientId ?? '', (counts.get(clientId ?? '') ?? 0) + 1)
  }
  const sts = await startSts(
    {
      issuer: tokenIssuer,
      port: 0,
      keysDirectory: join(directory, 'keys'),
      clients: audiences.flatMap((audience) => {
        const client = { secretHash, grants, scopes, audiences: [audience] }
        const flow = { clientId: `flow-${audience}`, tokenLifetimeSeconds: lifetimeSeconds }
        return [
          { ...client, ...flow },
          { ...client, clientId: `visitor-${audience}` },
        ]
      }),
    },
    { log: { debug: ignore, info: count, warn: ignore, error: ignore } },
  )
  return {
    jwks: (await (await fetch(`${sts.url}/oauth2/jwks`)).json()) as Jwks,
    grant: (audience, client = 'flow') => ({
      tokenUrl: `${sts.url}/oauth2/token`,
      clientId: `${client}-${audience}`,
      clientSecret,
      scopes,
    }),
    issuedTo: (audience) => counts.get(`flow-${audience}`) ?? 0,
    async close() {
      await sts.close()
      await rm(directory, { recursive: true })
    },
  }
}

function ignore(): void {}
