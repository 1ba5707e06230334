import type { TestContext } from 'node:test'
import { Secret, toPrincipal } from '../src/core/index.ts'
import type { Caller, CredentialSource, Need, Outgoing, Services } from '../src/core/index.ts'
import { createOAuth2, grantKind } from '../src/client/index.ts'
import { fakeServices } from './fake-services.ts'
import type { Logged } from './fake-services.ts'
import { startOAuthServer } from './oauth-server.ts'
import type { Answer, OAuthServer, Received } from './oauth-server.ts'

export const startMs = 1_800_000_000_000

/** A token endpoint, a clock, and sources that use both. */
export interface TokenKit {
  readonly server: OAuthServer
  readonly services: Services
  readonly logged: Logged[]
  /** How long was waited, without waiting. */
  readonly pauses: number[]
  nowMs: number
  /** A source; the server's URL stands for `tokenUrl` and `refreshUrl` where they are ''. */
  make(config: Readonly<Record<string, unknown>>): CredentialSource
}

/** The endpoint gives tokens `token1`, `token2` and so on, for 100 seconds each. */
export async function tokenKit(context: TestContext): Promise<TokenKit> {
  const server = await startOAuthServer(() => tokens(server))
  context.after(() => server.close())
  const logged: Logged[] = []
  const services = fakeServices(() => kit.nowMs, logged)
  const pauses: number[] = []
  const kit: TokenKit = {
    server,
    services,
    logged,
    pauses,
    nowMs: startMs,
    make(config) {
      const url = `${server.url}/token`
      const filled: unknown = JSON.parse(JSON.stringify(config), (name, value: unknown) =>
        value === '' && name.endsWith('Url') ? url : value,
      )
      return createOAuth2(
        // Keys, secrets and functions do not survive JSON: they are taken from the original.
        grantKind.shape.check({ ...(filled as object), ...objectsOf(config) }, 'oauth2'),
        services,
        'oauth2',
        async (ms) => void pauses.push(ms),
      )
    },
  }
  return kit
}

function objectsOf(config: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(
    Object.entries(config).filter(([name, value]) => typeof value === 'object' && !name.endsWith('Config')),
  )
}

/** The next token; `more` goes into the answer. */
export function tokens({ received }: Pick<OAuthServer, 'received'>, more: object = {}): Answer {
  return { body: { access_token: `token${received.length}`, token_type: 'Bearer', expires_in: 100, ...more } }
}

export const need: Need = { method: 'GET', target: 'https://orders.example/order?id=1' }

/** What a source gives, in short: the token or the code. */
export async function obtain(source: CredentialSource, more: Partial<Need> = {}): Promise<string> {
  const result = await source.credential({ ...need, ...more })
  if (!result.ok) return result.denial.code
  return result.value.kind === 'token' ? result.value.token.reveal() : result.value.kind
}

/** The need of a call whose credential was refused. */
export function refusing(credential: Outgoing, headers: Readonly<Record<string, string>> = {}): Need {
  return {
    ...need,
    refused: { credential, metadata: (name) => (headers[name] === undefined ? [] : [headers[name]]) },
  }
}

export function callerWith(token: string, expiresAtSeconds?: number): Caller {
  const principal = toPrincipal({
    id: `as:${token}`,
    username: token,
    scheme: 'Bearer',
    ...(expiresAtSeconds !== undefined && { expiresAtSeconds }),
  })
  return { principal, credential: new Secret(token) }
}

/** The parameters of a request, repeated ones with commas. */
export function formOf({ form }: Received): Record<string, string> {
  return Object.fromEntries([...new Set(form.keys())].map((name) => [name, form.getAll(name).join(',')]))
}
