import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeProof, proofKey } from '../../../barre/test/dpop-kit.ts'
import { basic, client, issuerUrl, nowSeconds, read, secret, testSts, withUsers } from '../../test/fixture.ts'
import { alice, asked, browser, loginOf, redirectUri, verifier } from '../../test/login.ts'
import type { ProofChanges, ProofKey } from '../../../barre/test/dpop-kit.ts'
import type { TestSts, TokenAnswer } from '../../test/fixture.ts'

const path = '/oauth2/token'
const grant = { grant_type: 'client_credentials' }
const key = proofKey()

/** A proof for the token endpoint; there is no token yet that it could name. */
function proof(changes: ProofChanges = {}, by: ProofKey = key): Promise<string> {
  const call = { method: 'POST', target: issuerUrl + path, token: '' }
  const claims = { ath: undefined, ...changes.claims }
  return makeProof(by, call, nowSeconds * 1000, { ...changes, claims })
}

function ask(
  sts: TestSts,
  dpop: string,
  form: Readonly<Record<string, string>> = grant,
  authorization: string | null = basic('gateway', secret),
): Promise<TokenAnswer> {
  return sts.post(path, form, authorization, { dpop })
}

test('a token is bound to the key of its request', async (t) => {
  const sts = await testSts(t)
  const { status, body } = await ask(sts, await proof())
  assert.deepEqual([status, body['token_type']], [200, 'DPoP'])
  assert.deepEqual(read(body['access_token']).claims['cnf'], { jkt: key.jkt })
  const answer = await sts.post('/oauth2/introspect', { token: String(body['access_token']) })
  assert.equal(answer.body['token_type'], 'DPoP')
})

test('a client whose tokens are bound gets no other', async (t) => {
  const sts = await testSts(t, { clients: [await client('gateway', { dpopBound: true })] })
  assert.equal((await sts.token(grant)).body['error'], 'invalid_dpop_proof')
  assert.equal((await ask(sts, await proof())).status, 200)
})

const refused: [claim: string, make: () => Promise<string>][] = [
  ['for another endpoint', () => proof({ claims: { htu: `${issuerUrl}/oauth2/introspect` } })],
  ['for another host', () => proof({ claims: { htu: `https://evil.test${path}` } })],
  ['for another method', () => proof({ claims: { htm: 'GET' } })],
  ['that is too old', () => proof({ claims: { iat: nowSeconds - 71 } })],
  ['of the future', () => proof({ claims: { iat: nowSeconds + 11 } })],
  ['without jti', () => proof({ claims: { jti: undefined } })],
  ['that is an access token', () => proof({ header: { typ: 'at+jwt' } })],
  ['by another key than it shows', () => proof({ signer: proofKey().privateKey })],
  ['with its private key', () => proof({ header: { jwk: key.privateKey.export({ format: 'jwk' }) } })],
  ['that is no JWT', () => Promise.resolve('x')],
]

test('proofs', async (t) => {
  const sts = await testSts(t)
  for (const [claim, make] of refused) {
    await t.test(`refuses one ${claim}`, async () => {
      const { status, body } = await ask(sts, await make())
      assert.deepEqual([status, body['error']], [400, 'invalid_dpop_proof'])
    })
  }
})

test('a proof is used once, whichever process sees it', async (t) => {
  const { store } = await withUsers(t)
  const one = await testSts(t, { ...(store && { store }) })
  const used = await proof()
  assert.equal((await ask(one, used)).status, 200)
  assert.equal((await ask(one, used)).body['error'], 'invalid_dpop_proof')
  const two = await testSts(t, { ...(store && { store }) })
  assert.equal((await ask(two, used)).body['error'], 'invalid_dpop_proof')
})

test('where nonces are asked for, a proof needs the one of the answer', async (t) => {
  const sts = await testSts(t, { dpop: { nonces: {} } })
  const first = await ask(sts, await proof())
  assert.deepEqual([first.status, first.body['error']], [400, 'use_dpop_nonce'])
  const nonce = first.headers.get('dpop-nonce')
  assert.equal((await ask(sts, await proof({ claims: { nonce } }))).status, 200)
})

test('a public client’s refresh token is worth nothing without its key', async (t) => {
  const grants = ['authorization_code', 'refresh_token'] as const
  const app = await client('app', { authenticationMethod: 'none', grants, redirectUris: [redirectUri] })
  const sts = await testSts(t, { ...(await withUsers(t)), clients: [app] })
  const user = browser(sts)
  const page = await user.get({ ...asked, dpop_jkt: key.jkt })
  const sent = await user.submit(await loginOf(page), alice)
  const code = new URL(sent.headers.get('location') ?? '').searchParams.get('code') ?? ''
  const redeem = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    client_id: 'app',
  }
  const { body } = await ask(sts, await proof(), redeem, null)
  assert.equal(body['token_type'], 'DPoP')
  const renew = {
    grant_type: 'refresh_token',
    refresh_token: String(body['refresh_token']),
    client_id: 'app',
  }
  assert.equal((await sts.token(renew, null)).body['error'], 'invalid_grant', 'no key')
  const other = await ask(sts, await proof({}, proofKey()), renew, null)
  assert.equal(other.body['error'], 'invalid_grant', 'another key')
  assert.equal((await ask(sts, await proof(), renew, null)).status, 200)
})

test('a code that was asked for with a key is redeemed with that key alone', async (t) => {
  const app = await client('app', { grants: ['authorization_code'], redirectUris: [redirectUri] })
  const sts = await testSts(t, { ...(await withUsers(t)), clients: [app] })
  const user = browser(sts)
  const sent = await user.submit(await loginOf(await user.get({ ...asked, dpop_jkt: key.jkt })), alice)
  const code = new URL(sent.headers.get('location') ?? '').searchParams.get('code') ?? ''
  const redeem = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
  }
  const answer = await ask(sts, await proof({}, proofKey()), redeem, basic('app', secret))
  assert.equal(answer.body['error'], 'invalid_grant')
})
