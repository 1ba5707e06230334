// Our client and our introspection against an authorization server that was not written for them.
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { Provider } from 'oidc-provider'
import type { ClientMetadata } from 'oidc-provider'
import { oauth2 } from 'barre/client'
import type { GrantConfig, TokenSource } from 'barre/client'
import { introspection } from 'barre/listener'

const secret = `${randomUUID()}+&% :`
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = { ...keys.publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'ES256' }
const server = createServer()
let issuer: string

before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    clients: [
      client('basic', 'client_secret_basic'),
      client('post', 'client_secret_post'),
      client('shared', 'client_secret_jwt'),
      { ...client('key', 'private_key_jwt'), jwks: { keys: [jwk] } },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({ scope: 'read write', audience: 'orders', accessTokenTTL: 600 }),
      },
    },
  })
  const answer = provider.callback()
  server.on('request', (request, response) => void answer(request, response))
})
after(() => {
  server.close()
  server.closeAllConnections()
})

function client(
  id: string,
  method: NonNullable<ClientMetadata['token_endpoint_auth_method']>,
): ClientMetadata {
  return {
    client_id: id,
    ...(method !== 'private_key_jwt' && { client_secret: secret }),
    token_endpoint_auth_method: method,
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
  }
}

/** A source for one client, with its own way to prove itself. */
function source(
  identity: Pick<GrantConfig & object, never> & Readonly<Record<string, unknown>>,
): TokenSource {
  const common = { tokenUrl: `${issuer}/token`, scopes: 'read', resource: 'https://orders.example/' }
  return oauth2({ ...common, ...identity } as GrantConfig)
}

const assertion = (algorithm: 'ES256' | 'HS256') => ({
  audience: issuer,
  signatureConfig:
    algorithm === 'ES256' ? { algorithm, config: keys.privateKey } : { algorithm, config: secret },
})

const identities: readonly (readonly [method: string, identity: () => Readonly<Record<string, unknown>>])[] =
  [
    ['client_secret_basic', () => ({ clientId: 'basic', clientSecret: secret })],
    [
      'client_secret_post',
      () => ({ clientId: 'post', clientSecret: secret, credentialBearer: 'POST_BODY_BEARER' }),
    ],
    ['client_secret_jwt', () => ({ clientId: 'shared', clientAssertion: assertion('HS256') })],
    [
      'private_key_jwt',
      () => ({ clientId: 'key', clientAssertion: { ...assertion('ES256'), keyId: 'one' } }),
    ],
  ]
for (const [method, identity] of identities) {
  test(`client credentials by ${method}; the token is what introspection says`, async () => {
    const own = source(identity())
    const token = await own.generateToken()
    assert.ok(token.ok, token.ok ? '' : token.denial.detail)
    const provider = introspection({
      issuer,
      audience: 'orders',
      clientConfig: { auth: { username: 'basic', password: encodeURIComponent(secret) } },
    })
    const caller = await provider.authorize(`Bearer ${token.value}`, { all: ['read'] })
    assert.equal(caller.ok && caller.value.username, identity()['clientId'])
    const other = await provider.authorize(`Bearer ${token.value}x`)
    assert.equal(!other.ok && other.denial.code, 'invalid')
    await Promise.all([own.close?.(), provider.close?.()])
  })
}

test('a wrong secret is a refusal, not an outage', async () => {
  const own = source({ clientId: 'basic', clientSecret: 'wrong' })
  const token = await own.generateToken()
  assert.deepEqual(!token.ok && [token.denial.code, token.denial.detail], [
    'invalid',
    'the token endpoint refused: invalid_client',
  ])
  await own.close?.()
})

test('a token bound to our key, from a server that demands nonces (RFC 9449)', async () => {
  const own = source({ clientId: 'basic', clientSecret: secret, dpop: true })
  const sent = await own.credential({ method: 'GET', target: 'https://orders.example/order' })
  assert.ok(sent.ok && sent.value.kind === 'token')
  assert.equal(sent.value.scheme, 'DPoP')
  assert.equal(sent.value.proof?.split('.').length, 3)
  await own.close?.()
})
