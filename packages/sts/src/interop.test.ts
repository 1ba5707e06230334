import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as oauth from 'oauth4webapi'
import { oauth2 } from 'barre/client'
import { decodeJwt } from 'barre/jose'
import { exchangeGrant, freePort, jwtType, outsideIssuer, secret, testSts } from '../test/fixture.ts'
import type { TestContext } from 'node:test'

const insecure = { [oauth.allowInsecureRequests]: true }
const client: oauth.Client = { client_id: 'gateway' }
const authentication = oauth.ClientSecretBasic(secret)

/** The service as a client sees it that knows nothing but its issuer. */
async function discover(t: TestContext): Promise<{ as: oauth.AuthorizationServer; subject: string }> {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const idp = outsideIssuer('https://idp.test')
  await testSts(t, { issuer, port, trustedIssuers: [idp.config] })
  const url = new URL(issuer)
  const response = await oauth.discoveryRequest(url, { algorithm: 'oauth2', ...insecure })
  return { as: await oauth.processDiscoveryResponse(url, response), subject: await idp.sign() }
}

test('a client that was not written for it obtains tokens: oauth4webapi', async (t) => {
  const { as, subject } = await discover(t)
  const own = await oauth.processClientCredentialsResponse(
    as,
    client,
    await oauth.clientCredentialsGrantRequest(as, client, authentication, { scope: 'add_order' }, insecure),
  )
  assert.equal(own.scope, 'add_order')

  const parameters = { subject_token: subject, subject_token_type: jwtType, audience: 'orders' }
  const exchanged = await oauth.processGenericTokenEndpointResponse(
    as,
    client,
    await oauth.genericTokenEndpointRequest(as, client, authentication, exchangeGrant, parameters, insecure),
  )
  assert.equal(exchanged.token_type, 'bearer')
})

test('and understands its refusals', async (t) => {
  const { as } = await discover(t)
  const wrong = oauth.ClientSecretBasic('wrong')
  const refused = await oauth.clientCredentialsGrantRequest(as, client, wrong, {}, insecure)
  await assert.rejects(oauth.processClientCredentialsResponse(as, client, refused), (error) => {
    assert.ok(error instanceof oauth.WWWAuthenticateChallengeError)
    assert.equal(error.cause[0]?.scheme, 'basic')
    return true
  })
  const wide = { scope: 'everything' }
  const denied = await oauth.clientCredentialsGrantRequest(as, client, authentication, wide, insecure)
  await assert.rejects(oauth.processClientCredentialsResponse(as, client, denied), { error: 'invalid_scope' })
})

test("barre's own client obtains and exchanges tokens, with its secret encoded as the RFC wants", async (t) => {
  const { as, subject } = await discover(t)
  const common = { tokenUrl: as.token_endpoint ?? '', clientId: 'gateway', clientSecret: secret }
  const own = oauth2({ ...common, scopes: 'add_order' })
  const exchanged = oauth2({
    ...common,
    subjectToken: subject,
    subjectTokenType: jwtType,
    audience: 'orders',
  })
  const subjects = []
  for (const source of [own, exchanged]) {
    const token = await source.generateToken()
    const decoded = token.ok ? decodeJwt(token.value) : token
    subjects.push(decoded.ok ? [decoded.value.payload.sub, decoded.value.payload.aud] : decoded.denial)
    await source.close?.()
  }
  assert.deepEqual(subjects, [
    ['gateway', 'orders'],
    ['alice', 'orders'],
  ])
})
