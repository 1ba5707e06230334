// The grants and the client authentication that oidc-provider has by extension or over TLS only. Its refresh tokens are
// its own: they rotate, and the second use of one revokes the family.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import type { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import { after, before, beforeEach, test } from 'node:test'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { errors, Provider } from 'oidc-provider'
import type { ClientMetadata, KoaContextWithOIDC, TokenEndpointGrantContext } from 'oidc-provider'
import { createServices } from 'barre/auth'
import { oauth2 } from 'barre/client'
import type { GrantConfig, TokenSource } from 'barre/client'
import { createClient } from 'barre/fetch'
import { protect } from 'barre/http'
import { introspection } from 'barre/listener'
import { jwt } from 'barre/jwt'
import { createTestCa } from '../../tools/test-ca.ts'

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const partner = generateKeyPairSync('ed25519')
const secret = 'a secret of the client'
const pki = await createTestCa()
const [key, cert, ca] = await Promise.all(
  [pki.server.keyFile, pki.server.certFile, pki.caFile].map((file) => readFile(file)),
)
const server = createServer({ key, cert, ca, requestCert: true, rejectUnauthorized: false })
let issuer: string
let nowMs: number
const services = createServices({ now: () => nowMs })

before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  issuer = `https://localhost:${(server.address() as AddressInfo).port}`
  const answer = makeProvider().callback()
  server.on('request', (request, response) => void answer(request, response))
})
after(async () => {
  server.close()
  server.closeAllConnections()
  await pki.remove()
})

/** Ours, which tests set forward to let tokens end. */
beforeEach(() => {
  nowMs = Date.now()
})

function makeProvider(): Provider {
  const common = { response_types: [], redirect_uris: [] }
  const clients: ClientMetadata[] = [
    {
      ...common,
      client_id: 'orders',
      client_secret: secret,
      grant_types: ['password', jwtBearer, 'refresh_token'],
    },
    {
      ...common,
      client_id: 'certified',
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'tls_client_auth',
      tls_client_auth_san_dns: 'client.internal',
      tls_client_certificate_bound_access_tokens: true,
    },
  ]
  const provider = new Provider(issuer, {
    clients,
    clientAuthMethods: ['client_secret_basic', 'tls_client_auth'],
    scopes: ['openid', 'read', 'write'],
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    findAccount: (_context, accountId) => ({ accountId, claims: async () => ({ sub: accountId }) }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      mTLS: {
        enabled: true,
        tlsClientAuth: true,
        certificateBoundAccessTokens: true,
        getCertificate: (context) => certificateOf(context)?.toString(),
        certificateAuthorized: ({ req }) => (req.socket as TLSSocket).authorized,
        certificateSubjectMatches: (context, property, expected) =>
          property === 'tls_client_auth_san_dns' &&
          certificateOf(context)?.subjectAltName?.includes(`DNS:${expected}`) === true,
      },
    },
  })
  provider.registerGrantType('password', (context) => logIn(provider, context), ['username', 'password'])
  provider.registerGrantType(jwtBearer, (context) => trust(provider, context), ['assertion'])
  return provider
}

function certificateOf({ req }: KoaContextWithOIDC): X509Certificate | undefined {
  return (req.socket as TLSSocket).getPeerX509Certificate()
}

type Extension = TokenEndpointGrantContext<{ username?: string; password?: string; assertion?: string }>

async function logIn(provider: Provider, context: Extension): Promise<void> {
  const { username, password } = context.oidc.params
  if (username !== 'alice' || password !== 'pass & word') throw new errors.InvalidGrant('no such user')
  await give(provider, context, username)
}

async function trust(provider: Provider, context: Extension): Promise<void> {
  const rules = { issuer: 'partner', audience: issuer, signatureConfig: { certFile: partner.publicKey } }
  const payload = await jwt.validate(context.oidc.params.assertion ?? '', rules)
  if (!payload.ok) throw new errors.InvalidGrant(payload.denial.code)
  await give(provider, context, payload.value.sub ?? '')
}

async function give(provider: Provider, context: Extension, accountId: string): Promise<void> {
  const { client, params } = context.oidc
  const grant = new provider.Grant({ accountId, clientId: client.clientId })
  grant.addOIDCScope('openid read')
  const grantId = await grant.save()
  const common = { accountId, client, grantId, gty: params.grant_type, scope: params.scope ?? 'openid read' }
  const token = new provider.AccessToken(common)
  const refreshToken = new provider.RefreshToken(common)
  context.body = {
    access_token: await token.save(),
    expires_in: token.expiration,
    token_type: 'Bearer',
    refresh_token: await refreshToken.save(),
  }
}

const trusting = { secureSocket: { cert: pki.caFile } }

function source(config: Readonly<Record<string, unknown>>): TokenSource {
  const common = { clientId: 'orders', clientSecret: secret, clientConfig: trusting }
  return oauth2({ ...common, ...config } as GrantConfig, services)
}

/** Whom the server says that a token is of. */
async function ownerOf(token: string): Promise<string> {
  const auth = { username: 'orders', password: encodeURIComponent(secret) }
  const config = {
    url: `${issuer}/token/introspection`,
    audience: false,
    clientConfig: { ...trusting, auth },
  } as const
  // The server's clock is the machine's.
  const provider = introspection(config)
  const result = await provider.authorize(`Bearer ${token}`, 'read')
  await provider.close?.()
  return result.ok ? result.value.username : result.denial.code
}

async function tokenOf(own: TokenSource): Promise<string> {
  const token = await own.generateToken()
  assert.ok(token.ok, token.ok ? '' : token.denial.detail)
  return token.value
}

const assertion = {
  auth: {
    issuer: 'partner',
    username: 'carol',
    audience: '',
    signatureConfig: { algorithm: 'EdDSA', config: partner.privateKey },
  },
}
const grants: readonly (readonly [name: string, config: () => object, owner: string])[] = [
  [
    'password',
    () => ({ username: 'alice', password: 'pass & word', refreshConfig: 'INFER_REFRESH_CONFIG' }),
    'alice',
  ],
  ['jwt-bearer', () => ({ assertion: { auth: { ...assertion.auth, audience: issuer } } }), 'carol'],
]
for (const [name, config, owner] of grants) {
  test(`${name}: a token of the user, renewed with refresh tokens that rotate`, async () => {
    const own = source({ tokenUrl: `${issuer}/token`, scopes: 'openid read', ...config() })
    const first = await tokenOf(own)
    assert.equal(await ownerOf(first), owner)
    const tokens = [first]
    for (let round = 0; round < 3; round++) {
      nowMs += 3_700_000
      tokens.push(await tokenOf(own))
    }
    // The server has seen each refresh token once: a second use would have revoked what came of it.
    assert.equal(new Set(tokens).size, 4)
    assert.equal(await ownerOf(tokens[3] ?? ''), owner)
    await own.close?.()
  })
}

test('a wrong password is a refusal', async () => {
  const own = source({ tokenUrl: `${issuer}/token`, username: 'alice', password: 'guess' })
  const token = await own.generateToken()
  assert.equal(!token.ok && token.denial.detail, 'the token endpoint refused: invalid_grant')
  await own.close?.()
})

test('refresh token: obtained elsewhere, used once each', async () => {
  const body = new URLSearchParams({ grant_type: 'password', username: 'alice', password: 'pass & word' })
  const fetch = services.fetchFor(
    { ...trusting, auth: { username: 'orders', password: encodeURIComponent(secret) } },
    '',
  )
  const answer = await fetch(`${issuer}/token`, { method: 'POST', body })
  const { refresh_token: refreshToken } = (await answer.json()) as { refresh_token: string }
  const own = source({ refreshUrl: `${issuer}/token`, refreshToken })
  const [one] = await Promise.all(Array.from({ length: 20 }, () => tokenOf(own)))
  nowMs += 3_700_000
  const two = await tokenOf(own)
  assert.notEqual(one, two)
  assert.equal(await ownerOf(two), 'alice')
  await Promise.all([own.close?.(), fetch.close?.()])
})

test('mutual TLS proves the client, and its token is good on its connections only', async (context) => {
  const auth = { username: 'orders', password: encodeURIComponent(secret) }
  const url = `${issuer}/token/introspection`
  const oauth2IntrospectionConfig = { url, audience: false, clientConfig: { ...trusting, auth } } as const
  const service = protect(
    { auth: [{ oauth2IntrospectionConfig }], resources: { 'GET /': true } },
    (_request, response, { principal }) => response.end(principal?.username),
  )
  const resource = createServer({ key, cert, ca, requestCert: true, rejectUnauthorized: false }, service)
  resource.listen(0, '127.0.0.1')
  await once(resource, 'listening')
  context.after(() => {
    resource.close()
    return service.close()
  })
  const certified = { secureSocket: { cert: pki.caFile, key: pki.client } }
  const grant = {
    tokenUrl: `${issuer}/token`,
    clientId: 'certified',
    credentialBearer: 'NO_BEARER',
    clientConfig: certified,
  } as const
  const baseUrl = `https://localhost:${(resource.address() as AddressInfo).port}`
  const answers = []
  for (const connection of [certified, trusting]) {
    const call = createClient({ baseUrl, ...connection, auth: grant })
    answers.push((await call('/')).status)
    await call.close()
  }
  assert.deepEqual(answers, [200, 401])

  const own = oauth2({ ...grant, clientConfig: trusting }, services)
  const refused = await own.generateToken()
  assert.equal(!refused.ok && refused.denial.detail, 'the token endpoint refused: invalid_client')
  await own.close?.()
})
