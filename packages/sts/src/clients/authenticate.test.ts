import assert from 'node:assert/strict'
import { test } from 'node:test'
import { basic, client, secret, testSts } from '../../test/fixture.ts'
import { credentialMaxLength } from './authenticate.ts'

const grant = { grant_type: 'client_credentials' }
const good = basic('gateway', secret)
const raw = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`

test('Basic carries a form-encoded id and secret (RFC 6749 §2.3.1)', async (t) => {
  const sts = await testSts(t)
  assert.equal((await sts.token(grant, good)).status, 200)
  assert.equal((await sts.token(grant, good.replace('Basic', 'bASIC'))).status, 200)
  assert.equal((await sts.token({ ...grant, client_id: 'gateway' }, good)).status, 200)
  assert.equal((await sts.token(grant, raw(`gateway:${secret}`))).body['error'], 'invalid_client')
})

test('a client of client_secret_post proves itself in the body', async (t) => {
  const sts = await testSts(t, {
    clients: [await client('mobile', { authenticationMethod: 'client_secret_post' })],
  })
  const inBody = { ...grant, client_id: 'mobile', client_secret: secret }
  assert.equal((await sts.token(inBody, null)).status, 200)
  const replayed = await sts.token(grant, basic('mobile', secret))
  assert.deepEqual([replayed.status, replayed.body['error']], [401, 'invalid_client'], 'the other method')
})

const refused: [
  claim: string,
  form: string | Record<string, string>,
  authorization: string | null,
  error: string,
][] = [
  ['no authentication at all', grant, null, 'invalid_client'],
  ['a client_id alone', { ...grant, client_id: 'gateway' }, null, 'invalid_client'],
  ['a wrong secret', grant, basic('gateway', 'wrong'), 'invalid_client'],
  ['an unknown client', grant, basic('nobody', secret), 'invalid_client'],
  ['an id that differs in case', grant, basic('Gateway', secret), 'invalid_client'],
  ['a name of Object.prototype', grant, basic('__proto__', secret), 'invalid_client'],
  [
    'Basic credentials replayed in the body',
    { ...grant, client_id: 'gateway', client_secret: secret },
    null,
    'invalid_client',
  ],
  ['two methods in one request', { ...grant, client_secret: secret }, good, 'invalid_request'],
  ['a client_id that is not the one of Basic', { ...grant, client_id: 'other' }, good, 'invalid_request'],
  ['another scheme', grant, 'Bearer abc', 'invalid_client'],
  ['Basic without credentials', grant, 'Basic ', 'invalid_client'],
  ['Basic that is not base64', grant, 'Basic %%%', 'invalid_client'],
  ['Basic without padding', grant, raw('gateway:ab').replaceAll('=', ''), 'invalid_client'],
  ['Basic without a colon', grant, raw('gateway'), 'invalid_client'],
  ['Basic with an empty secret', grant, raw('gateway:'), 'invalid_client'],
  ['Basic with a broken escape', grant, raw('gateway:%zz'), 'invalid_client'],
  ['a secret past the limit', grant, basic('gateway', 'x'.repeat(credentialMaxLength + 1)), 'invalid_client'],
]

test('refusals of clients', async (t) => {
  const sts = await testSts(t)
  for (const [claim, form, authorization, error] of refused) {
    await t.test(`refuses ${claim}`, async () => {
      const answer = await sts.token(form, authorization)
      assert.equal(answer.body['error'], error)
      assert.equal(answer.body['access_token'], undefined)
      assert.equal(answer.status, error === 'invalid_client' ? 401 : 400)
      const challenge = answer.headers.get('www-authenticate')
      assert.equal(challenge, error === 'invalid_client' ? 'Basic realm="sts", charset="UTF-8"' : null)
    })
  }
})

test('an unknown client and a wrong secret get the same answer, byte for byte', async (t) => {
  const sts = await testSts(t)
  const [unknown, wrong] = [
    await sts.token(grant, basic('nobody', secret)),
    await sts.token(grant, basic('gateway', 'wrong')),
  ]
  assert.deepEqual(unknown.body, wrong.body)
})

test('a secret that was right does not make a wrong one right', async (t) => {
  const sts = await testSts(t)
  assert.equal((await sts.token(grant, good)).status, 200)
  assert.equal((await sts.token(grant, good)).status, 200)
  assert.equal((await sts.token(grant, basic('gateway', `${secret}x`))).status, 401)
})
