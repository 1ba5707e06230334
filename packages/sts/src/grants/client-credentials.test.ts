import assert from 'node:assert/strict'
import { test } from 'node:test'
import { client, issuerUrl, nowSeconds, read, testSts } from '../../test/fixture.ts'

const grant = { grant_type: 'client_credentials' }

test('a client gets an RFC 9068 token for itself', async (t) => {
  const sts = await testSts(t)
  const answer = await sts.token({ ...grant, scope: 'add_order' })
  assert.equal(answer.status, 200)
  const { access_token: token, ...rest } = answer.body
  assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 300, scope: 'add_order' })
  const { header, claims } = read(token)
  assert.deepEqual([header['typ'], header['alg']], ['at+jwt', 'ES256'])
  const { jti, ...known } = claims
  assert.deepEqual(known, {
    iss: issuerUrl,
    sub: 'gateway',
    aud: 'orders',
    exp: nowSeconds + 300,
    iat: nowSeconds,
    client_id: 'gateway',
    scope: 'add_order',
  })
  assert.match(String(jti), /^[\w-]{22}$/)
})

test('a client that names no scope gets all of its own', async (t) => {
  const sts = await testSts(t)
  assert.equal((await sts.token(grant)).body['scope'], 'add_order update_order cancel_order')
})

test('a client without scopes gets a token without a scope claim', async (t) => {
  const sts = await testSts(t, { clients: [await client('gateway', { scopes: [] })] })
  const { body } = await sts.token(grant)
  assert.equal('scope' in body, false)
  assert.equal('scope' in read(body['access_token']).claims, false)
})

test('several audiences make a list, by audience and by resource', async (t) => {
  const sts = await testSts(t, {
    clients: [await client('gateway', { audiences: ['orders', 'https://stock'] })],
  })
  const answer = await sts.token('grant_type=client_credentials&audience=orders&resource=https%3A%2F%2Fstock')
  assert.deepEqual(read(answer.body['access_token']).claims['aud'], ['orders', 'https://stock'])
})

const refused: [claim: string, form: string, error: string][] = [
  ['a scope that the client may not have', 'scope=admin', 'invalid_scope'],
  ['one scope too many', 'scope=add_order+admin', 'invalid_scope'],
  ['a scope with two spaces', 'scope=add_order++update_order', 'invalid_scope'],
  ['a scope with a quote', 'scope=%22add_order%22', 'invalid_scope'],
  ['an audience that the client may not have', 'audience=payments', 'invalid_target'],
  ['an audience that only begins like one', 'audience=orders2', 'invalid_target'],
  ['one audience too many', 'audience=orders&audience=payments', 'invalid_target'],
]

test('refusals', async (t) => {
  const sts = await testSts(t)
  for (const [claim, form, error] of refused) {
    await t.test(`refuses ${claim}`, async () => {
      const answer = await sts.token(`grant_type=client_credentials&${form}`)
      assert.deepEqual([answer.status, answer.body['error']], [400, error])
    })
  }
})

test('a client with several audiences must say which', async (t) => {
  const sts = await testSts(t, { clients: [await client('gateway', { audiences: ['orders', 'stock'] })] })
  assert.equal((await sts.token(grant)).body['error'], 'invalid_target')
})
