import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allowPlainPasswords, createRevocations } from 'barre/core'
import { auth, bearer, echo, fakeSts, issued, listen, see, testGateway } from '../../test/fixture.ts'

const exchanging = { exchange: { audience: 'orders', scopes: ['add_order'] } }

test('the upstream gets the exchanged token, and the token service the caller’s', async (t) => {
  const { url } = await listen(t, echo)
  const sts = await fakeSts(t)
  const gateway = await testGateway(t, url, [exchanging], {
    sts: { tokenUrl: sts.url, clientId: 'gate way', clientSecret: 's:1' },
  })
  for (const _ of [1, 2]) {
    const seen = await see(await fetch(gateway.url, { headers: await bearer({ jti: 'same' }) }))
    assert.match(seen.headers['authorization']![0]!, /^Bearer exchanged-[12]$/)
  }
  const form = Object.fromEntries(sts.requests[0]!)
  assert.equal(typeof form['subject_token'], 'string')
  assert.deepEqual(
    { ...form, subject_token: '' },
    {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: '',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      audience: 'orders',
      scope: 'add_order',
    },
  )
  assert.equal(sts.authorization[0], `Basic ${Buffer.from('gate+way:s%3A1').toString('base64')}`)
})

test('the same token is exchanged once, until a revocation', async (t) => {
  const { url } = await listen(t, echo)
  const sts = await fakeSts(t)
  const revocations = createRevocations()
  const client = { tokenUrl: sts.url, clientId: 'gateway', clientSecret: 's' }
  const gateway = await testGateway(t, url, [exchanging], { sts: client }, { revocations })
  const headers = await bearer()
  await see(await fetch(gateway.url, { headers }))
  await see(await fetch(gateway.url, { headers }))
  assert.equal(sts.requests.length, 1)
  revocations.revoke({ issuer: 'https://idp.test', subject: 'bob' })
  await see(await fetch(gateway.url, { headers }))
  assert.equal(sts.requests.length, 1)
})

const failures: [claim: string, answer: { status: number; body: unknown }, status: number][] = [
  ['does not accept the subject', { status: 400, body: { error: 'invalid_request' } }, 401],
  ['does not grant the scope', { status: 400, body: { error: 'invalid_scope' } }, 403],
  ['does not know the audience', { status: 400, body: { error: 'invalid_target' } }, 503],
  ['does not know the gateway', { status: 401, body: { error: 'invalid_client' } }, 503],
  ['does not let the gateway exchange', { status: 400, body: { error: 'unauthorized_client' } }, 503],
  ['is overloaded', { status: 503, body: { error: 'temporarily_unavailable' } }, 503],
  ['fails', { status: 500, body: 'oops' }, 503],
  ['redirects', { status: 302, body: '{}' }, 503],
  ['answers with a page', { status: 200, body: '<html>' }, 503],
  ['answers with a list', { status: 200, body: [] }, 503],
  ['answers without a token', { status: 200, body: { token_type: 'Bearer' } }, 503],
  [
    'answers with a token of another type',
    { status: 200, body: { access_token: 'x', token_type: 'DPoP' } },
    503,
  ],
  ['answers with a header injection', issued('x\r\nx-user: admin'), 503],
  ['answers at too great length', issued('x'.repeat(70_000)), 503],
]

test('the token service', async (t) => {
  const { url } = await listen(t, echo)
  const sts = await fakeSts(t)
  const gateway = await testGateway(t, url, [exchanging], {
    sts: { tokenUrl: sts.url, clientId: 'gateway', clientSecret: 's' },
  })
  const headers = await bearer()
  for (const [claim, answer, status] of failures) {
    await t.test(`${status} when it ${claim}`, async () => {
      sts.answer = () => answer
      const response = await fetch(gateway.url, { headers })
      assert.equal(response.status, status)
      assert.match(response.headers.get('x-request-id')!, /^[0-9a-f]{32}$/)
      assert.equal((await response.text()).includes('oops'), false)
    })
  }
  await t.test('and recovers with it', async () => {
    sts.answer = () => issued('fresh')
    const seen = await see(await fetch(gateway.url, { headers }))
    assert.deepEqual(seen.headers['authorization'], ['Bearer fresh'])
  })
})

test('503 when the token service is down', async (t) => {
  const { url } = await listen(t, echo)
  const gateway = await testGateway(t, url, [exchanging], {
    sts: { tokenUrl: 'http://127.0.0.1:1/oauth2/token', clientId: 'gateway', clientSecret: 's' },
  })
  const response = await fetch(gateway.url, { headers: await bearer() })
  assert.equal(response.status, 503)
})

test('a caller without a token cannot use a route that exchanges one', async (t) => {
  const { url } = await listen(t, echo)
  const sts = await fakeSts(t)
  const gateway = await testGateway(t, url, [{ ...exchanging, auth: { optional: true } }], {
    sts: { tokenUrl: sts.url, clientId: 'gateway', clientSecret: 's' },
  })
  const seen = await see(await fetch(gateway.url))
  assert.equal(seen.headers['authorization'], undefined, 'an anonymous caller goes on without any')
  assert.equal(sts.requests.length, 0)
})

test('a caller who proved itself without a token is asked for one', async (t) => {
  const { url } = await listen(t, echo)
  const sts = await fakeSts(t)
  const users = [{ username: 'tom', password: '123' }]
  const gateway = await testGateway(t, url, [exchanging], {
    auth: [...auth, { fileUserStoreConfig: { users, [allowPlainPasswords]: true } }],
    sts: { tokenUrl: sts.url, clientId: 'gateway', clientSecret: 's' },
  })
  const authorization = `Basic ${Buffer.from('tom:123').toString('base64')}`
  const response = await fetch(gateway.url, { headers: { authorization } })
  assert.equal(response.status, 401)
  assert.deepEqual(await response.json(), { error: 'insufficient_user_authentication' })
  assert.match(response.headers.get('www-authenticate')!, /Bearer/)
  assert.equal(sts.requests.length, 0)
})
