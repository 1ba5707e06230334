import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as jose from 'jose'
import { basic, client, issuerUrl, nowSeconds, read, secret, testSts, withUsers } from '../../test/fixture.ts'
import type { TestContext } from 'node:test'
import type { StsConfig } from '../index.ts'
import type { TestSts } from '../../test/fixture.ts'

const path = '/oauth2/introspect'
const grant = { grant_type: 'client_credentials' }

async function start(t: TestContext, more: Partial<StsConfig> = {}, now?: () => number): Promise<TestSts> {
  const { store } = await withUsers(t)
  const clients = [
    await client('gateway'),
    await client('orders', { grants: [], audiences: [], serves: ['orders'] }),
    await client('payments', { grants: [], audiences: [], serves: ['payments'] }),
  ]
  return testSts(t, { ...(store && { store }), clients, ...more }, now && { now })
}

const ask = (sts: TestSts, token: unknown, as: string, headers = {}) =>
  sts.post(path, { token: String(token) }, basic(as, secret), headers)

for (const [kind, tokens] of [
  ['a JWT', {}],
  ['an opaque token', { opaqueAudiences: ['orders'] }],
] as const) {
  test(`${kind} is shown to the service that it is for, and to its client, while it lives`, async (t) => {
    let nowMs = nowSeconds * 1000
    const sts = await start(t, { tokens }, () => nowMs)
    const { body } = await sts.token(grant)
    const token = body['access_token']
    assert.equal(String(token).includes('.'), kind === 'a JWT')
    for (const as of ['orders', 'gateway']) {
      const { body: answer } = await ask(sts, token, as)
      assert.deepEqual(
        [
          answer['active'],
          answer['iss'],
          answer['sub'],
          answer['aud'],
          answer['client_id'],
          answer['token_type'],
        ],
        [true, issuerUrl, 'gateway', 'orders', 'gateway', 'Bearer'],
      )
      assert.equal(answer['exp'], nowSeconds + 300)
    }
    const inactive = [
      await ask(sts, token, 'payments'),
      await ask(sts, 'unknown', 'orders'),
      await ask(sts, 'a.b.c', 'orders'),
      await ask(sts, `${String(token)}x`, 'orders'),
    ]
    nowMs += 300_000
    inactive.push(await ask(sts, token, 'orders'))
    for (const answer of inactive) assert.deepEqual([answer.status, answer.body], [200, { active: false }])
  })

  test(`${kind} that was revoked is inactive at once, for everybody`, async (t) => {
    const sts = await start(t, { tokens })
    const { body } = await sts.token(grant)
    const form = { token: String(body['access_token']) }
    assert.equal((await sts.post('/oauth2/revoke', form, basic('orders', secret))).status, 200, 'not its own')
    assert.equal((await ask(sts, form.token, 'orders')).body['active'], true)
    assert.equal((await sts.post('/oauth2/revoke', form)).status, 200)
    assert.equal((await ask(sts, form.token, 'orders')).body['active'], false)
    assert.equal((await sts.post('/oauth2/revoke', form)).status, 200, 'again')
  })
}

for (const [claim, form, authorization, error] of [
  ['nobody', { token: 'x' }, null, 'invalid_client'],
  ['a wrong secret', { token: 'x' }, basic('orders', 'wrong'), 'invalid_client'],
  ['no token', {}, basic('orders', secret), 'invalid_request'],
] as const) {
  test(`neither endpoint answers ${claim}`, async (t) => {
    const sts = await start(t)
    for (const endpoint of [path, '/oauth2/revoke']) {
      assert.equal((await sts.post(endpoint, form, authorization)).body['error'], error)
    }
  })
}

test('a signed answer, for who asks for one', async (t) => {
  const sts = await start(t)
  const { body } = await sts.token(grant)
  const type = 'application/token-introspection+jwt'
  for (const [token, active] of [
    [body['access_token'], true],
    ['unknown', false],
  ] as const) {
    const answer = await ask(sts, token, 'orders', { accept: type })
    assert.equal(answer.headers.get('content-type'), type)
    const { header, claims } = read(answer.body['text'])
    assert.equal(header['typ'], 'token-introspection+jwt')
    assert.deepEqual([claims['iss'], claims['aud']], [issuerUrl, 'orders'])
    assert.equal((claims['token_introspection'] as { active: boolean }).active, active)
    const jwks = (await (await fetch(`${sts.url}/oauth2/jwks`)).json()) as jose.JSONWebKeySet
    await jose.compactVerify(String(answer.body['text']), jose.createLocalJWKSet(jwks))
    // RFC 9701 §8.1: it can be taken for no access token.
    assert.deepEqual((await ask(sts, answer.body['text'], 'orders')).body, { active: false })
  }
})

test('a logout ends the refresh token and what came from it', async (t) => {
  const user = await withUsers(t)
  const web = await client('gateway', { grants: ['password', 'refresh_token'] })
  const sts = await testSts(t, { ...user, legacy: { passwordGrant: true }, clients: [web] })
  const login = { grant_type: 'password', username: 'alice', password: 'wonderland' }
  const { body } = await sts.token(login)
  await sts.post('/oauth2/revoke', { token: String(body['refresh_token']), token_type_hint: 'access_token' })
  const refreshed = { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) }
  assert.equal((await sts.token(refreshed)).body['error'], 'invalid_grant')
  assert.deepEqual((await ask(sts, body['access_token'], 'gateway')).body, { active: false })
})
