import assert from 'node:assert/strict'
import { test } from 'node:test'
import { client, nowSeconds, outsideIssuer, read, testSts, verify } from '../../test/fixture.ts'
import { actorsMax } from './actor.ts'
import type { TestContext } from 'node:test'
import type { OutsideIssuer, TestSts, TokenAnswer } from '../../test/fixture.ts'

const type = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

async function start(t: TestContext): Promise<{ sts: TestSts; idp: OutsideIssuer }> {
  const idp = outsideIssuer('https://idp.test', { claims: ['email'] })
  const clients = [await client('gateway', { grants: [type] }), await client('other')]
  return { idp, sts: await testSts(t, { clients, trustedIssuers: [idp.config] }) }
}

function ask(sts: TestSts, assertion: string, more: Record<string, string> = {}): Promise<TokenAnswer> {
  return sts.token({ grant_type: type, assertion, ...more })
}

test('an assertion brings a token for its subject, with no more than both have, and no longer', async (t) => {
  const { sts, idp } = await start(t)
  const signed = await idp.sign({ exp: nowSeconds + 60, email: 'a@test', role: 'admin', jti: 'theirs' })
  const { status, body } = await ask(sts, signed)
  assert.equal(status, 200)
  assert.ok((await verify(sts.url, body['access_token'])).ok)
  const { claims } = read(body['access_token'])
  assert.deepEqual(
    [claims['sub'], claims['client_id'], claims['scope'], claims['email'], claims['exp'], claims['act']],
    ['alice', 'gateway', 'add_order update_order', 'a@test', nowSeconds + 60, { sub: 'gateway' }],
  )
  assert.equal('role' in claims, false, 'what is not on the list is not carried over')
  assert.notEqual(claims['jti'], 'theirs')
  assert.equal('refresh_token' in body, false)
})

const actors = Array.from({ length: actorsMax }).reduce<object | undefined>(
  (act) => ({ sub: 'x', ...(act && { act }) }),
  undefined,
)

const refused: [claim: string, claims: object, form: Record<string, string>, error: string][] = [
  ['none', {}, { assertion: '' }, 'invalid_request'],
  ['one of an issuer that is not trusted', { iss: 'https://evil.test' }, {}, 'invalid_grant'],
  ['one for another audience', { aud: 'https://other.test' }, {}, 'invalid_grant'],
  ['one for nobody', { aud: undefined }, {}, 'invalid_grant'],
  ['one that has ended', { exp: nowSeconds - 60 }, {}, 'invalid_grant'],
  ['one that never ends', { exp: undefined }, {}, 'invalid_grant'],
  ['one without a subject', { sub: undefined }, {}, 'invalid_grant'],
  ['one whose subject has the name of a client', { sub: 'other' }, {}, 'invalid_grant'],
  ['one that is bound to a key', { cnf: { jkt: 'x' } }, {}, 'invalid_grant'],
  ['one that another one may use', { may_act: { sub: 'other' } }, {}, 'invalid_grant'],
  ['one with as many actors as may be', { act: actors }, {}, 'invalid_grant'],
  ['a scope that the subject lacks', {}, { scope: 'cancel_order' }, 'invalid_scope'],
  ['an audience that the client lacks', {}, { audience: 'payments' }, 'invalid_target'],
]

test('assertions', async (t) => {
  const { sts, idp } = await start(t)
  for (const [claim, claims, form, error] of refused) {
    await t.test(`refuses ${claim}`, async () => {
      const answer = await ask(sts, await idp.sign({ ...claims }), form)
      assert.deepEqual([answer.status, answer.body['error']], [400, error])
    })
  }
  const stranger = outsideIssuer('https://idp.test')
  assert.equal((await ask(sts, await stranger.sign())).body['error'], 'invalid_grant', 'of another key')
})
