import assert from 'node:assert/strict'
import { test } from 'node:test'
import { basic, secret } from '../../test/fixture.ts'
import { pushedMaxSeconds } from './pushed.ts'
import { asked, authorize, browser, redeem, start } from '../../test/login.ts'

test('a pushed request needs nothing but its name in the browser, once', async (t) => {
  const sts = await start(t, { requirePushedRequests: true })
  const direct = new URL((await browser(sts).get(asked)).headers.get('location') ?? '')
  assert.equal(direct.searchParams.get('error'), 'invalid_request')
  const { status, body } = await sts.post('/oauth2/par', asked, basic('app', secret))
  assert.deepEqual([status, body['expires_in']], [201, pushedMaxSeconds])
  const query = { client_id: 'app', request_uri: String(body['request_uri']) }
  assert.equal((await browser(sts).get({ ...query, client_id: 'gateway' })).status, 400, 'of another client')
  const location = await authorize(sts, {
    ...query,
    redirect_uri: 'https://evil.test',
    scope: 'cancel_order',
  })
  assert.equal(location.origin, 'https://app.test', 'what stands beside it counts for nothing')
  const token = await redeem(sts, location.searchParams.get('code'))
  assert.equal(token.body['scope'], 'add_order')
  assert.equal((await browser(sts).get(query)).status, 400, 'again')
})

test('one address pushes so many requests a minute that nobody vouches for', async (t) => {
  const limits = { loginsPerMinute: 1 }
  const strangers = await start(t, { authenticationMethod: 'none' }, { limits })
  const known = await start(t, {}, { limits })
  for (const expected of [201, 429]) {
    assert.equal((await strangers.post('/oauth2/par', asked, null)).status, expected)
    assert.equal((await known.post('/oauth2/par', asked, basic('app', secret))).status, 201)
  }
})

for (const [claim, form, authorization, error] of [
  ['nobody', asked, null, 'invalid_client'],
  ['a request for a request', { ...asked, request_uri: 'urn:x' }, basic('app', secret), 'invalid_request'],
  [
    'another redirect URI',
    { ...asked, redirect_uri: 'https://evil.test' },
    basic('app', secret),
    'invalid_request',
  ],
  ['a wrong scope', { ...asked, scope: 'everything' }, basic('app', secret), 'invalid_scope'],
] as const) {
  test(`nothing is pushed by or for ${claim}`, async (t) => {
    const sts = await start(t)
    const form2: Record<string, string> = { ...form }
    if (authorization === null) delete form2['client_id']
    assert.equal((await sts.post('/oauth2/par', form2, authorization)).body['error'], error)
  })
}
