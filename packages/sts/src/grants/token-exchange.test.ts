import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { publicJwk, signJws } from 'barre/jose'
import {
  accessTokenType,
  basic,
  client,
  exchange,
  issuerUrl,
  jwtType,
  nowSeconds,
  outsideIssuer,
  read,
  secret,
  signingKey,
  testSts,
} from '../../test/fixture.ts'
import type { Payload } from 'barre/jose'
import type { TestContext } from 'node:test'
import type { OutsideIssuer, TestSts } from '../../test/fixture.ts'

async function withIssuer(
  t: TestContext,
  more: Parameters<typeof outsideIssuer>[1] = {},
): Promise<{ idp: OutsideIssuer; sts: TestSts }> {
  const idp = outsideIssuer('https://idp.test', more)
  return { idp, sts: await testSts(t, { trustedIssuers: [idp.config] }) }
}

test('an outside token becomes one of ours, for the same subject', async (t) => {
  const { idp, sts } = await withIssuer(t)
  const answer = await sts.token(exchange(await idp.sign(), { audience: 'orders', scope: 'add_order' }))
  assert.equal(answer.status, 200)
  const { access_token: token, ...rest } = answer.body
  assert.deepEqual(rest, {
    token_type: 'Bearer',
    expires_in: 300,
    scope: 'add_order',
    issued_token_type: accessTokenType,
  })
  const { header, claims } = read(token)
  assert.equal(header['typ'], 'at+jwt')
  const { jti, ...known } = claims
  assert.deepEqual(known, {
    iss: issuerUrl,
    sub: 'alice',
    aud: 'orders',
    exp: nowSeconds + 300,
    iat: nowSeconds,
    client_id: 'gateway',
    scope: 'add_order',
    act: { sub: 'gateway' },
  })
  assert.notEqual(jti, undefined)
})

test('the same subject token may be exchanged again, for a token with an id of its own', async (t) => {
  const { idp, sts } = await withIssuer(t)
  const subject = await idp.sign()
  const ids = []
  for (const _ of [1, 2]) {
    ids.push(read((await sts.token(exchange(subject))).body['access_token']).claims['jti'])
  }
  assert.notEqual(ids[0], ids[1])
})

test('scopes are those that subject and client both have, when none are named', async (t) => {
  const { idp, sts } = await withIssuer(t)
  const scopeOf = async (scope: unknown): Promise<unknown> =>
    (await sts.token(exchange(await idp.sign({ scope })))).body['scope']
  assert.equal(await scopeOf('update_order delete_everything'), 'update_order')
  assert.equal(await scopeOf(['add_order', 'cancel_order']), 'add_order cancel_order')
  assert.equal(await scopeOf('delete_everything'), undefined)
  assert.equal(await scopeOf(undefined), undefined)
  assert.equal(await scopeOf({ add_order: true }), undefined)
  assert.equal(await scopeOf(['add_order cancel_order']), undefined, 'one name, not two')
})

test('the subject’s scopes may stand in another claim', async (t) => {
  const idp = outsideIssuer('https://idp.test')
  const { jwtValidatorConfig } = idp.config
  const trusted = { jwtValidatorConfig: { ...jwtValidatorConfig, scopeKey: 'scp' } }
  const sts = await testSts(t, { trustedIssuers: [trusted] })
  const answer = await sts.token(exchange(await idp.sign({ scope: 'add_order', scp: 'cancel_order' })))
  assert.equal(answer.body['scope'], 'cancel_order')
})

test('the new token does not outlive the subject token', async (t) => {
  const { idp, sts } = await withIssuer(t)
  const answer = await sts.token(exchange(await idp.sign({ exp: nowSeconds + 7 })))
  assert.equal(answer.body['expires_in'], 7)
  assert.equal(read(answer.body['access_token']).claims['exp'], nowSeconds + 7)
})

test('a subject token in the last moments that clock skew grants is not exchanged', async (t) => {
  const { idp, sts } = await withIssuer(t)
  assert.equal(
    (await sts.token(exchange(await idp.sign({ exp: nowSeconds })))).body['error'],
    'invalid_request',
  )
})

test('only the claims on the list are carried over', async (t) => {
  const { idp, sts } = await withIssuer(t, { claims: ['email', 'groups', 'absent'] })
  const claims = { email: 'alice@example.com', groups: ['staff'], role: 'admin', nonce: 'x' }
  const { claims: carried } = read((await sts.token(exchange(await idp.sign(claims)))).body['access_token'])
  assert.equal(carried['email'], 'alice@example.com')
  assert.deepEqual(carried['groups'], ['staff'])
  for (const name of ['role', 'nonce', 'absent']) assert.equal(name in carried, false, name)
})

test('either token type is answered as asked for', async (t) => {
  const { idp, sts } = await withIssuer(t)
  for (const type of [jwtType, accessTokenType]) {
    const request = { subject_token_type: type, requested_token_type: type }
    assert.equal((await sts.token(exchange(await idp.sign(), request))).body['issued_token_type'], type)
  }
})

test('subjects of two issuers never share a name', async (t) => {
  const one = outsideIssuer('https://one.test', { subjectPrefix: 'one:' })
  const two = outsideIssuer('https://two.test', { subjectPrefix: 'two:' })
  const sts = await testSts(t, { trustedIssuers: [one.config, two.config] })
  for (const [idp, sub] of [
    [one, 'one:alice'],
    [two, 'two:alice'],
  ] as const) {
    const answer = await sts.token(exchange(await idp.sign()))
    assert.equal(read(answer.body['access_token']).claims['sub'], sub)
  }
  const crossed = await sts.token(exchange(await one.sign({ iss: 'https://two.test' })))
  assert.equal(crossed.body['error'], 'invalid_request', 'signed by one in the name of the other')
})

/** Makes a bad subject token out of the issuer's means. */
type Forge = (idp: OutsideIssuer) => string | Promise<string>

const claims = { iss: 'https://idp.test', sub: 'alice', aud: 'gateway', exp: nowSeconds + 60 }
const segment = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

const attacks: [claim: string, forge: Forge][] = [
  ['of an issuer that is not trusted', (idp) => idp.sign({ iss: 'https://evil.test' })],
  ['of an issuer with a trailing slash', (idp) => idp.sign({ iss: 'https://idp.test/' })],
  ['of no issuer', (idp) => idp.sign({ iss: undefined })],
  ['of an issuer named __proto__', (idp) => idp.sign({ iss: '__proto__' })],
  ['for another audience', (idp) => idp.sign({ aud: 'orders' })],
  ['for an audience that only begins like ours', (idp) => idp.sign({ aud: 'gateway.evil.test' })],
  ['for no audience', (idp) => idp.sign({ aud: undefined })],
  ['that has expired', (idp) => idp.sign({ exp: nowSeconds - 60 })],
  ['that never expires', (idp) => idp.sign({ exp: undefined })],
  ['that is not valid yet', (idp) => idp.sign({ nbf: nowSeconds + 60 })],
  ['without a subject', (idp) => idp.sign({ sub: undefined })],
  ['with an empty subject', (idp) => idp.sign({ sub: '' })],
  ['whose subject has the name of a client', (idp) => idp.sign({ sub: 'gateway' })],
  ['of the type logout+jwt', (idp) => idp.sign({}, { typ: 'logout+jwt' })],
  ['of the type dpop+jwt', (idp) => idp.sign({}, { typ: 'dpop+jwt' })],
  ['with alg none', () => `${segment({ alg: 'none' })}.${segment(claims)}.`],
  ['with alg nOnE and a signature', () => `${segment({ alg: 'nOnE' })}.${segment(claims)}.AAAA`],
  [
    'signed by a key that nobody published',
    () => signJws({}, JSON.stringify(claims), signingKey('ES256', 'outside')),
  ],
  ['signed with HS256 and the public key', forgeWithPublicKey],
  ['that brings its own key', bringOwnKey],
  [
    'whose claims were changed',
    async (idp) => (await idp.sign()).replace(/\.[^.]+\./, `.${segment(claims)}.`),
  ],
  ['that is bound to a key', (idp) => idp.sign({ cnf: { jkt: 'x' } })],
  ['that is opaque', () => '56ede317-4511-44b4-8579-a08f094ee8c5'],
  ['of one segment too many', async (idp) => `${await idp.sign()}.AAAA`],
  ['that is too long', (idp) => idp.sign({ padding: 'x'.repeat(16_384) })],
]

function forgeWithPublicKey(idp: OutsideIssuer): string {
  const { jwks } = idp.config.jwtValidatorConfig.signatureConfig.jwksConfig!
  const input = `${segment({ alg: 'HS256' })}.${segment(claims)}`
  return `${input}.${createHmac('sha256', JSON.stringify(jwks!.keys[0])).update(input).digest('base64url')}`
}

async function bringOwnKey(): Promise<string> {
  const key = signingKey('ES256', 'mine')
  return signJws({ jwk: publicJwk(key) }, JSON.stringify(claims), key)
}

test('subject tokens', async (t) => {
  const { idp, sts } = await withIssuer(t)
  for (const [claim, forge] of attacks) {
    await t.test(`refuses one ${claim}`, async () => {
      const answer = await sts.token(exchange(await forge(idp)))
      assert.deepEqual([answer.status, answer.body['error']], [400, 'invalid_request'])
      assert.equal(answer.body['access_token'], undefined)
    })
  }
})

const requests: [claim: string, more: Record<string, string>, error: string][] = [
  ['a wider scope than the subject has', { scope: 'cancel_order' }, 'invalid_scope'],
  ['a wider scope than the client may have', { scope: 'delete_everything' }, 'invalid_scope'],
  ['an audience that the client may not have', { audience: 'payments' }, 'invalid_target'],
  ['a resource that the client may not have', { resource: 'https://payments.test' }, 'invalid_target'],
  ['no subject token', { subject_token: '' }, 'invalid_request'],
  ['no subject token type', { subject_token_type: '' }, 'invalid_request'],
  ['an ID token', { subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' }, 'invalid_request'],
  ['a SAML assertion', { requested_token_type: 'urn:ietf:params:oauth:token-type:saml2' }, 'invalid_request'],
  [
    'a refresh token',
    { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
    'invalid_request',
  ],
  ['an actor token', { actor_token: 'x', actor_token_type: jwtType }, 'invalid_request'],
  ['an actor token type alone', { actor_token_type: jwtType }, 'invalid_request'],
]

test('exchange requests', async (t) => {
  const { idp, sts } = await withIssuer(t)
  const subject = await idp.sign({ scope: 'add_order delete_everything' })
  for (const [claim, more, error] of requests) {
    await t.test(`refuses ${claim}`, async () => {
      const answer = await sts.token(exchange(subject, more))
      assert.deepEqual([answer.status, answer.body['error']], [400, error])
    })
  }
})

test('a client without the grant may not exchange', async (t) => {
  const idp = outsideIssuer('https://idp.test')
  const sts = await testSts(t, {
    trustedIssuers: [idp.config],
    clients: [await client('gateway'), await client('batch', { grants: ['client_credentials'] })],
  })
  const answer = await sts.token(exchange(await idp.sign()), basic('batch', secret))
  assert.deepEqual([answer.status, answer.body['error']], [400, 'unauthorized_client'])
})

test('our own token for a service is exchanged by that service alone', async (t) => {
  const { sts } = await withIssuer(t)
  const own = await sts.token({ grant_type: 'client_credentials' })
  const answer = await sts.token(exchange(String(own.body['access_token'])))
  assert.equal(answer.body['error'], 'invalid_request')

  const orders = { serves: ['orders'], audiences: ['payments'], scopes: ['add_order'] }
  const other = await testSts(t, { clients: [await client('gateway'), await client('orders', orders)] })
  const { body } = await other.token({ grant_type: 'client_credentials' })
  const exchanged = await other.token(exchange(String(body['access_token'])), basic('orders', secret))
  const { claims: said } = read(exchanged.body['access_token'])
  assert.deepEqual(
    [said['sub'], said['aud'], said['scope'], said['act']],
    ['gateway', 'payments', 'add_order', { sub: 'orders' }],
  )
})

test('an impersonating client is not seen in the token', async (t) => {
  const idp = outsideIssuer('https://idp.test')
  const silent = await client('gateway', { exchange: { impersonation: true } })
  const sts = await testSts(t, { trustedIssuers: [idp.config], clients: [silent] })
  const { body } = await sts.token(exchange(await idp.sign()))
  assert.equal('act' in read(body['access_token']).claims, false)
})

test('an actor token is validated as the subject token is, and needs a policy', async (t) => {
  const idp = outsideIssuer('https://idp.test')
  const allowed = await client('gateway', { exchange: { actorTokens: true } })
  const sts = await testSts(t, { trustedIssuers: [idp.config], clients: [allowed] })
  const withActor = async (actorToken: string) =>
    sts.token(exchange(await idp.sign(), { actor_token: actorToken, actor_token_type: jwtType }))
  const { body } = await withActor(await idp.sign({ sub: 'robot' }))
  assert.deepEqual(read(body['access_token']).claims['act'], { sub: 'robot' })
  for (const forged of [await idp.sign({ exp: nowSeconds - 60 }), 'a.b.c']) {
    assert.equal((await withActor(forged)).body['error'], 'invalid_request')
  }
})

test('a bound token becomes an unbound one only by policy', async (t) => {
  const idp = outsideIssuer('https://idp.test')
  const bound = await idp.sign({ cnf: { jkt: 'x' } })
  for (const [unbind, status] of [
    [false, 400],
    [true, 200],
  ] as const) {
    const sts = await testSts(t, {
      trustedIssuers: [idp.config],
      clients: [await client('gateway', { exchange: { unbind } })],
    })
    assert.equal((await sts.token(exchange(bound))).status, status)
  }
})

test('keys that cannot be fetched are 503, and blame nobody', async (t) => {
  const jwksConfig = { url: 'http://127.0.0.1:1/jwks' }
  const idp = outsideIssuer('https://idp.test')
  const jwtValidatorConfig = {
    issuer: 'https://idp.test',
    audience: 'gateway',
    signatureConfig: { jwksConfig },
  }
  const sts = await testSts(t, { trustedIssuers: [{ jwtValidatorConfig }] })
  const answer = await sts.token(exchange(await idp.sign()))
  assert.deepEqual([answer.status, answer.body['error']], [503, 'temporarily_unavailable'])
  assert.ok(Number(answer.headers.get('retry-after')) >= 1)
  assert.equal((await fetch(`${sts.url}/ready`)).status, 503)
  assert.equal((await fetch(`${sts.url}/health`)).status, 200)
})

test('a refusal says nothing of the token', async (t) => {
  const { idp, sts } = await withIssuer(t)
  const { body } = await sts.token(exchange(await idp.sign({ exp: nowSeconds - 60 } satisfies Payload)))
  assert.deepEqual(body, {
    error: 'invalid_request',
    error_description: 'The subject token was not accepted.',
  })
})
