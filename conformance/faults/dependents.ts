import { oauth2 } from 'barre/client'
import { handler } from 'barre/http'
import { introspection, jwtListener } from 'barre/listener'
import type { Result, Services } from 'barre/core'
import { client } from './identity-provider.ts'
import type { Endpoint, IdentityProvider } from './identity-provider.ts'

/** What depends on an identity provider. */
export interface Dependent {
  /** What it asks, and where a fault meets it. */
  readonly endpoint: Endpoint
  make(
    provider: IdentityProvider,
    services: Services,
    reqTimeout: number,
  ): { ask(): Promise<Result<unknown>>; close(): Promise<unknown> }
}

const identity = { clientId: client.id, clientSecret: client.secret }
const auth = { username: client.id, password: client.secret }

export const dependents: Readonly<Record<string, Dependent>> = {
  'token manager': {
    endpoint: 'token',
    make({ url }, services, reqTimeout) {
      const source = oauth2({ ...identity, tokenUrl: `${url}/token`, clientConfig: { reqTimeout } }, services)
      return { ask: async () => source.generateToken(), close: async () => source.close?.() }
    },
  },
  introspection: {
    endpoint: 'introspection',
    make(provider, services, reqTimeout) {
      const clientConfig = { auth, reqTimeout }
      const url = `${provider.url}/introspection`
      return introspecting({ url, audience: client.id, cacheConfig: {}, clientConfig }, services)
    },
  },
  'signed introspection (RFC 9701)': {
    endpoint: 'introspection',
    make(provider, services, reqTimeout) {
      const clientConfig = { auth, reqTimeout }
      const [issuer, url] = [provider.url, `${provider.url}/introspection`]
      const signatureConfig = { jwksConfig: { url: `${issuer}/jwks` } }
      const signedAnswers = { audience: client.id, signatureConfig }
      const config = { issuer, url, audience: client.id, cacheConfig: {}, signedAnswers, clientConfig }
      return introspecting(config, services)
    },
  },
  'key set': {
    endpoint: 'jwks',
    make(provider, services, reqTimeout) {
      const jwksConfig = { url: `${provider.url}/jwks`, clientConfig: { reqTimeout } }
      const rules = { issuer: provider.url, audience: client.id, signatureConfig: { jwksConfig } }
      const listener = jwtListener(rules, services)
      return {
        ask: async () => handler(listener).authenticate(`Bearer ${provider.accessToken()}`),
        close: async () => listener.close?.(),
      }
    },
  },
  discovery: {
    endpoint: 'metadata',
    make({ url: issuer }, services, reqTimeout) {
      return introspecting({ issuer, audience: client.id, clientConfig: { auth, reqTimeout } }, services)
    },
  },
}

function introspecting(
  config: Parameters<typeof introspection>[0],
  services: Services,
): ReturnType<Dependent['make']> {
  const listener = introspection(config, services)
  return {
    ask: async () => listener.authorize('Bearer opaque-token'),
    close: async () => listener.close?.(),
  }
}
