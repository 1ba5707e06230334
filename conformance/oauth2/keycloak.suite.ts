// Our client and our introspection against Keycloak: npm run test:keycloak. No part of npm test: it takes minutes.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, test } from 'node:test'
import { oauth2 } from 'barre/client'
import type { GrantConfig, TokenSource } from 'barre/client'
import { handler } from 'barre/http'
import { introspection, jwtListener } from 'barre/listener'
import { startKeycloak } from '../../tools/servers/keycloak.ts'
import { createTestCa } from '../../tools/test-ca.ts'

const secret = 'a+secret & more'
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = { ...keys.publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'ES256' }
const pki = await createTestCa()

function client(clientId: string, more: object): object {
  return {
    clientId,
    secret,
    serviceAccountsEnabled: true,
    directAccessGrantsEnabled: true,
    standardFlowEnabled: false,
    publicClient: false,
    ...more,
  }
}

const alice = { username: 'alice', email: 'alice@example.org', firstName: 'Alice', lastName: 'Parker' }
const realm = {
  realm: 'barre',
  enabled: true,
  sslRequired: 'none',
  accessTokenLifespan: 60,
  revokeRefreshToken: true,
  clients: [
    client('orders', { attributes: { 'standard.token.exchange.enabled': 'true' } }),
    client('key', {
      clientAuthenticatorType: 'client-jwt',
      attributes: {
        'use.jwks.string': 'true',
        'jwks.string': JSON.stringify({ keys: [jwk] }),
        'token.endpoint.auth.signing.alg': 'ES256',
      },
    }),
    client('certified', {
      clientAuthenticatorType: 'client-x509',
      attributes: {
        'x509.subjectdn': 'CN=client',
        'tls.client.certificate.bound.access.tokens': 'true',
      },
    }),
    client('bound', { attributes: { 'dpop.bound.access.tokens': 'true' } }),
  ],
  users: [
    {
      ...alice,
      enabled: true,
      emailVerified: true,
      credentials: [{ type: 'password', value: 'pass & word' }],
    },
  ],
}

let server: Awaited<ReturnType<typeof startKeycloak>>
let issuer: string
let tokenUrl: string
/** Its first answers take a while. */
const reqTimeout = 60
const clientConfig = { secureSocket: { cert: pki.caFile }, reqTimeout }

before(async () => {
  server = await startKeycloak({ realm, tls: { ...pki.server, caFile: pki.caFile } })
  issuer = `https://localhost:${server.ports['https']}/realms/barre`
  tokenUrl = `${issuer}/protocol/openid-connect/token`
})
after(async () => {
  await server.stop()
  await pki.remove()
})

const orders = { clientId: 'orders', clientSecret: secret, scopes: 'openid' }
const password = { ...orders, username: 'alice', password: 'pass & word' }

function source(config: Readonly<Record<string, unknown>>): TokenSource {
  const at = 'refreshUrl' in config ? {} : { tokenUrl }
  return oauth2({ ...at, clientConfig, ...config } as GrantConfig)
}

async function tokenOf(own: TokenSource): Promise<string> {
  const token = await own.generateToken()
  assert.ok(token.ok, token.ok ? '' : token.denial.detail)
  await own.close?.()
  return token.value
}

/** Whom Keycloak says that a token is of. */
async function ownerOf(token: string): Promise<string> {
  const auth = { username: 'orders', password: encodeURIComponent(secret) }
  const provider = introspection({ issuer, audience: false, clientConfig: { ...clientConfig, auth } })
  const result = await provider.authorize(`Bearer ${token}`)
  await provider.close?.()
  return result.ok ? result.value.username : `${result.denial.code}: ${result.denial.detail}`
}

const grants: readonly (readonly [
  claim: string,
  config: () => Readonly<Record<string, unknown>>,
  owner: string,
])[] = [
  ['client credentials', () => orders, 'service-account-orders'],
  [
    'the secret in the body',
    () => ({ ...orders, credentialBearer: 'POST_BODY_BEARER' }),
    'service-account-orders',
  ],
  ['password', () => password, 'alice'],
  [
    'private_key_jwt',
    () => ({
      clientId: 'key',
      scopes: 'openid',
      clientAssertion: {
        audience: issuer,
        keyId: 'one',
        signatureConfig: { algorithm: 'ES256', config: keys.privateKey },
      },
    }),
    'service-account-key',
  ],
]
for (const [claim, config, owner] of grants) {
  test(`${claim}: introspection knows the token, and so does the key set`, async () => {
    const token = await tokenOf(source(config()))
    assert.equal(await ownerOf(token), owner)
    const jwksConfig = { url: `${issuer}/protocol/openid-connect/certs`, clientConfig }
    const listener = jwtListener({ issuer, audience: false, signatureConfig: { jwksConfig } })
    const caller = await handler(listener).authenticate(`Bearer ${token}`)
    assert.ok(caller.ok, caller.ok ? '' : caller.denial.detail)
    await listener.close?.()
  })
}

test('refresh: a token that rotates, used once by all who ask', async () => {
  const body = new URLSearchParams({
    grant_type: 'password',
    client_id: 'orders',
    client_secret: secret,
    username: 'alice',
    password: 'pass & word',
    scope: 'openid',
  })
  const { createFetch } = await import('barre/egress')
  const fetch = createFetch(clientConfig, '')
  const answer = await fetch(tokenUrl, { method: 'POST', body })
  const { refresh_token: refreshToken } = (await answer.json()) as { refresh_token: string }
  await fetch.close?.()
  const own = source({ ...orders, refreshUrl: tokenUrl, refreshToken })
  const need = { method: 'GET', target: '' }
  const [first] = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => own.credential({ ...need, audience: `a${index % 2}` })),
  )
  assert.equal(first?.ok, true)
  assert.equal(await ownerOf(await tokenOf(own)), 'alice')
})

test('token exchange (RFC 8693): a token of the user for another one', async () => {
  const subjectToken = await tokenOf(source(password))
  const token = await tokenOf(source({ ...orders, subjectToken }))
  assert.notEqual(token, subjectToken)
  assert.equal(await ownerOf(token), 'alice')
})

test('DPoP: a token that is bound to our key', async () => {
  const own = source({ clientId: 'bound', clientSecret: secret, scopes: 'openid', dpop: true })
  const sent = await own.credential({ method: 'GET', target: 'https://orders.example/' })
  assert.ok(sent.ok, sent.ok ? '' : sent.denial.detail)
  assert.equal(sent.value.kind === 'token' && sent.value.scheme, 'DPoP')
  await own.close?.()
  const plain = source({ clientId: 'bound', clientSecret: secret })
  const refused = await plain.generateToken()
  assert.equal(!refused.ok && refused.denial.code, 'invalid')
  await plain.close?.()
})

test('mutual TLS: a client that its certificate proves, and a token that is bound to it', async () => {
  const secureSocket = { cert: pki.caFile, key: pki.client }
  const certified = { clientId: 'certified', credentialBearer: 'NO_BEARER', scopes: 'openid' }
  const token = await tokenOf(source({ ...certified, clientConfig: { secureSocket, reqTimeout } }))
  assert.match(await ownerOf(token), /^invalid: the token is bound to a client certificate/)
  const stranger = source(certified)
  const refused = await stranger.generateToken()
  assert.equal(!refused.ok && refused.denial.code, 'invalid')
  await stranger.close?.()
})

test('a wrong secret is a refusal, an unknown token is not active', async () => {
  const own = source({ ...orders, clientSecret: 'wrong' })
  const token = await own.generateToken()
  assert.equal(!token.ok && token.denial.code, 'invalid')
  await own.close?.()
  assert.equal(await ownerOf('unknown'), 'invalid: the token is not active')
})
