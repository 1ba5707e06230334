import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  basic,
  cheapHash,
  exchange,
  nowSeconds,
  outsideIssuer,
  read,
  secret,
  temporaryDirectory,
  testSts,
  verify,
} from '../test/fixture.ts'

// The Ballerina scenario that this service takes the place of had these defects; each test shows one absent.

const grant = { grant_type: 'client_credentials' }

test('a token ends when expires_in says so', async (t) => {
  const sts = await testSts(t, { tokens: { lifetimeSeconds: 2 } })
  const { body } = await sts.token(grant)
  assert.equal(body['expires_in'], 2)
  const at = async (seconds: number): Promise<string> => {
    const result = await verify(sts.url, body['access_token'], (nowSeconds + seconds) * 1000)
    return result.ok ? 'accepted' : result.denial.code
  }
  assert.equal(await at(1), 'accepted')
  assert.equal(await at(2 + 11), 'expired', 'past the clock skew')
})

test('no client and no user exists that was not configured', async (t) => {
  const sts = await testSts(t)
  const known = basic('FlfJYKBD2c925h4lkycqNZlC2l4a', 'PJz0UhTJMrHOo68QQNpvnqAY_3Aa')
  assert.equal((await sts.token(grant, known)).status, 401)
  assert.equal((await sts.token(grant, basic('admin', 'admin'))).status, 401)
})

test('no token exists that was not issued', async (t) => {
  const sts = await testSts(t)
  const seeded = await sts.token(exchange('56ede317-4511-44b4-8579-a08f094ee8c5'))
  assert.deepEqual([seeded.status, seeded.body['error']], [400, 'invalid_request'])
})

test('a restart forgets no key: earlier tokens still verify', async (t) => {
  const keysDirectory = join(temporaryDirectory(t), 'keys')
  const before = await testSts(t, { keysDirectory })
  const { body } = await before.token(grant)
  const after = await testSts(t, { keysDirectory })
  assert.equal((await verify(after.url, body['access_token'])).ok, true)
})

test('two installations share no key', async (t) => {
  const [one, two] = [await testSts(t), await testSts(t)]
  const { body } = await one.token(grant)
  const elsewhere = await verify(two.url, body['access_token'])
  assert.equal(elsewhere.ok ? 'accepted' : elsewhere.denial.code, 'invalid')
})

test('only keys of this service are published, the world-known ones are not', async (t) => {
  const sts = await testSts(t)
  const { keys } = (await (await fetch(`${sts.url}/oauth2/jwks`)).json()) as { keys: { kid: string }[] }
  const { body } = await sts.token(grant)
  assert.deepEqual(
    keys.map(({ kid }) => kid),
    [read(body['access_token']).header['kid']],
  )
})

test('the body is form-decoded', async (t) => {
  const sts = await testSts(t)
  const answer = await sts.token('grant_type=client%5Fcredentials&scope=add_order%20update_order')
  assert.equal(answer.body['scope'], 'add_order update_order')
})

test('a success is 200 and holds only what the RFC names', async (t) => {
  const sts = await testSts(t)
  const { status, body } = await sts.token(grant)
  assert.equal(status, 200)
  assert.equal(body['token_type'], 'Bearer')
  assert.deepEqual(Object.keys(body), ['access_token', 'token_type', 'expires_in', 'scope'])
})

test('a scope is granted or refused, never echoed', async (t) => {
  const sts = await testSts(t)
  assert.equal((await sts.token({ ...grant, scope: 'anything at all' })).body['error'], 'invalid_scope')
})

test('each grant that is not fully checked is not offered', async (t) => {
  const sts = await testSts(t)
  for (const form of [
    { grant_type: 'password', username: 'admin', password: 'admin' },
    { grant_type: 'refresh_token', refresh_token: '24f19603-8565-4b5f-a036-88a945e1f272' },
    { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: 'never.looked.at' },
  ]) {
    const answer = await sts.token(form)
    assert.deepEqual([answer.status, answer.body['error']], [400, 'unsupported_grant_type'], form.grant_type)
  }
})

test('an assertion is checked before it is worth anything', async (t) => {
  const idp = outsideIssuer('https://idp.test')
  const sts = await testSts(t, { trustedIssuers: [idp.config] })
  const signed = await idp.sign()
  assert.equal((await sts.token(exchange(signed))).status, 200)
  const tampered = signed.replace(/\.[^.]+$/, `.${'A'.repeat(86)}`)
  assert.equal((await sts.token(exchange(tampered))).body['error'], 'invalid_request')
})

test('missing and wrong client authentication are told apart, in the right words', async (t) => {
  const sts = await testSts(t)
  const missing = await sts.token(grant, null)
  assert.equal(missing.body['error_description'], 'The request has no client authentication.')
  const wrong = await sts.token(grant, basic('gateway', 'wrong'))
  assert.equal(wrong.body['error_description'], 'Client authentication failed.')
  for (const { status, headers } of [missing, wrong]) {
    assert.equal(status, 401)
    assert.match(headers.get('www-authenticate')!, /^Basic /)
  }
})

test('introspection knows nobody that was not configured, and makes nothing up', async (t) => {
  const sts = await testSts(t)
  const ask = async (token: unknown, authorization: string) => {
    const body = new URLSearchParams({ token: String(token) })
    const headers = { authorization }
    const response = await fetch(`${sts.url}/oauth2/introspect`, { method: 'POST', headers, body })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  assert.equal((await ask('x', basic('admin', 'admin'))).status, 401)
  assert.deepEqual((await ask('x', basic('gateway', secret))).body, { active: false })
  const { body } = await sts.token(grant)
  const { claims } = read(body['access_token'])
  const answer = await ask(body['access_token'], basic('gateway', secret))
  assert.deepEqual(answer.body, { ...claims, active: true, token_type: 'Bearer', username: 'gateway' })
})

test('secrets are kept as hashes, and a hash opens nothing', async (t) => {
  const sts = await testSts(t)
  assert.equal((await sts.token(grant, basic('gateway', await cheapHash(secret)))).status, 401)
})
