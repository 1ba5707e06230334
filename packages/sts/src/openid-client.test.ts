import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import * as openid from 'openid-client'
import { introspection } from 'barre/listener'
import { client, freePort, secret, testSts, withUsers } from '../test/fixture.ts'
import { alice, browser, loginOf } from '../test/login.ts'
import type { TestContext } from 'node:test'
import type { TestSts } from '../test/fixture.ts'

const redirectUri = 'http://127.0.0.1/callback'
const initialToken = 'let-me-in'
const options: openid.DiscoveryRequestOptions = {
  algorithm: 'oauth2',
  execute: [openid.allowInsecureRequests],
}

/** The service on the real clock, as somebody finds it who knows nothing but its issuer. */
async function start(t: TestContext): Promise<{ issuer: URL; sts: TestSts }> {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const grants = ['authorization_code', 'refresh_token', 'client_credentials'] as const
  const sts = await testSts(
    t,
    {
      issuer,
      port,
      ...(await withUsers(t)),
      registration: {
        accessTokenHash: createHash('sha256').update(initialToken).digest('hex'),
        grants,
        scopes: ['add_order'],
        audiences: ['orders'],
      },
      clients: [
        await client('gateway', { grants, redirectUris: [redirectUri] }),
        await client('orders', { grants: [], audiences: [], serves: ['orders'] }),
      ],
    },
    { now: () => performance.timeOrigin + performance.now() },
  )
  return { issuer: new URL(issuer), sts }
}

/** Sends a browser there, logs alice in, and answers with where the browser comes back to. */
async function logIn(sts: TestSts, url: URL): Promise<URL> {
  const user = browser(sts)
  const page = await user.get(Object.fromEntries(url.searchParams))
  const sent = await user.submit(await loginOf(page), alice)
  return new URL(sent.headers.get('location') ?? '')
}

test('openid-client: client credentials, introspection, revocation', async (t) => {
  const { issuer } = await start(t)
  const config = await openid.discovery(
    issuer,
    'gateway',
    undefined,
    openid.ClientSecretBasic(secret),
    options,
  )
  const { access_token: token } = await openid.clientCredentialsGrant(config, { scope: 'add_order' })
  assert.equal((await openid.tokenIntrospection(config, token)).active, true)

  const provider = introspection({
    url: `${issuer.origin}/oauth2/introspect`,
    issuer: issuer.origin,
    audience: 'orders',
    cacheConfig: { capacity: 1, defaultMaxAge: 1 },
    clientConfig: { customHeaders: { authorization: basicOf('orders') } },
  })
  t.after(() => provider.close?.())
  const verdict = await provider.authorize(`Bearer ${token}`, 'add_order')
  assert.ok(verdict.ok, "barre's own")

  await openid.tokenRevocation(config, token)
  assert.equal((await openid.tokenIntrospection(config, token)).active, false)
})

function basicOf(id: string): string {
  const [name, password] = [id, secret].map((text) => new URLSearchParams([['', text]]).toString().slice(1))
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
}

for (const isPushed of [false, true]) {
  test(`openid-client: a user logs in${isPushed ? ' by a pushed request' : ''}, the token is renewed`, async (t) => {
    const { issuer, sts } = await start(t)
    const config = await openid.discovery(
      issuer,
      'gateway',
      undefined,
      openid.ClientSecretBasic(secret),
      options,
    )
    const verifier = openid.randomPKCECodeVerifier()
    const state = openid.randomState()
    const parameters = {
      redirect_uri: redirectUri,
      scope: 'add_order',
      state,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }
    const url = isPushed
      ? await openid.buildAuthorizationUrlWithPAR(config, parameters)
      : openid.buildAuthorizationUrl(config, parameters)
    const back = await logIn(sts, url)
    const checks = { pkceCodeVerifier: verifier, expectedState: state }
    const tokens = await openid.authorizationCodeGrant(config, back, checks)
    assert.equal(tokens.scope, 'add_order')
    const renewed = await openid.refreshTokenGrant(config, tokens.refresh_token ?? '')
    assert.notEqual(renewed.refresh_token, tokens.refresh_token)
    const forged = new URL(back)
    forged.searchParams.set('iss', 'https://evil.test')
    await assert.rejects(openid.authorizationCodeGrant(config, forged, checks), {
      code: 'OAUTH_INVALID_RESPONSE',
    })
  })
}

test('openid-client: registers itself, and asks for a token', async (t) => {
  const { issuer } = await start(t)
  const metadata = { grant_types: ['client_credentials'], token_endpoint_auth_method: 'client_secret_post' }
  const config = await openid.dynamicClientRegistration(issuer, metadata, undefined, {
    ...options,
    initialAccessToken: initialToken,
  })
  assert.equal((await openid.clientCredentialsGrant(config, {})).scope, 'add_order')
})
