import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { beforeEach, test } from 'node:test'
import { makeProof, toProofKey } from '../../../test/dpop-kit.ts'
import type { ProofChanges } from '../../../test/dpop-kit.ts'
import {
  algs,
  attempt,
  badBearer,
  badProof,
  badToken,
  claims,
  decide,
  key,
  make,
  method,
  path,
  publicKey,
  resetWorld,
  target,
  tell,
  thief,
  toCall,
  tokenFor,
  world,
} from '../../../test/dpop-service.ts'
import { fakeCall } from '../../../test/fake-call.ts'
import { guard, isPromise } from '../../core/index.ts'
import type { Call } from '../../core/index.ts'
import { jwtKind } from '../jwt/jwt.ts'
import type { DpopConfig } from './config.ts'
import { jtiMaxLength, proofMaxLength } from './proof.ts'

beforeEach(resetWorld)

test('a bound token with a proof of its key is accepted, without a promise', async () => {
  assert.equal(await attempt({}), 'admitted by DPoP')
  const token = await tokenFor({ jkt: key.jkt })
  const call = toCall(`DPoP ${token}`, [await makeProof(key, { method, target, token }, world.nowMs)])
  const decision = guard({ alternatives: [{ provider: make(), entry: 'auth[0]' }], optional: false }, call)
  assert.ok(!isPromise(decision) && decision.ok)
})

const accepted: [what: string, changes: ProofChanges, more?: Partial<Call>][] = [
  ['an htu in another spelling', claims({ htu: 'HTTPS://ORDERS.example:443/%6frder?x=1' })],
  ['an upgrade, whose method is GET', {}, { method: 'UPGRADE' }],
  ['the oldest proof', claims({ iat: 1_800_000_000 - 70 })],
  ['a clock that is ahead as far as it may be', claims({ iat: 1_800_000_010 })],
  ['the longest jti', claims({ jti: 'x'.repeat(jtiMaxLength) })],
  ['a claim that nobody knows', claims({ nonce: 'of somebody', extra: true })],
]
for (const [what, changes, more] of accepted) {
  test(`accepted: ${what}`, async () => assert.equal(await attempt(changes, more), 'admitted by DPoP'))
}

// RFC 9449 §4.3 in its order, and what §11 warns of.
const refused: [what: string, changes: ProofChanges, more?: Partial<Call>][] = [
  ['typ of an access token (§11.5)', { header: { typ: 'at+jwt' } }],
  ['typ JWT (§11.5)', { header: { typ: 'JWT' } }],
  ['no typ (§11.5)', { header: { typ: undefined } }],
  ['no jwk', { header: { jwk: undefined } }],
  ['a jwk that is text', { header: { jwk: 'key' } }],
  ['a private jwk', { header: { jwk: key.privateKey.export({ format: 'jwk' }) } }],
  ['a jwk with a prime', { header: { jwk: { ...key.jwk, p: 'AQAB' } } }],
  ['a secret as jwk', { header: { jwk: { kty: 'oct', k: 'c2VjcmV0' } } }],
  ['a jwk of an unknown type', { header: { jwk: { kty: 'XYZ', x: 'a' } } }],
  ['a point that is not on the curve', { header: { jwk: { ...key.jwk, y: key.jwk.x } } }],
  ['a padded jwk, whose thumbprint differs', { header: { jwk: { ...key.jwk, x: `${key.jwk.x}=` } } }],
  ['a header that demands an extension', { header: { crit: ['exp'], exp: 1 } }],
  ['another key in the header (§11.8)', { header: { jwk: thief.jwk }, signer: thief.privateKey }],
  ['the right key in the header, another signature', { signer: thief.privateKey }],
  ['another method (§11.7)', claims({ htm: 'POST' })],
  ['a method in lower case', claims({ htm: 'get' })],
  ['the method of a GET for a POST', {}, { method: 'POST' }],
  ['another host (§11.7)', claims({ htu: 'https://evil.example/order' })],
  ['another path', claims({ htu: 'https://orders.example/admin' })],
  ['plain http', claims({ htu: 'http://orders.example/order' })],
  ['a path alone', claims({ htu: '/order' })],
  ['no origin known', claims({ htu: '/order' }), { target: '/order' }],
  ['an old proof (§11.1)', claims({ iat: 1_800_000_000 - 71 })],
  ['a proof made in advance (§11.2)', claims({ iat: 1_800_000_011 })],
  ['an iat that is text', claims({ iat: '1800000000' })],
  ['an iat that is not whole', claims({ iat: 1_800_000_000.5 })],
  ['another token (§11.8)', claims({ ath: 'x' })],
  ['no ath (§11.8)', claims({ ath: undefined })],
  ['an ath that is a list', claims({ ath: ['x'] })],
  ['no jti (§11.1)', claims({ jti: undefined })],
  ['an empty jti', claims({ jti: '' })],
  ['a jti that is too long', claims({ jti: 'x'.repeat(jtiMaxLength + 1) })],
  ['no htm', claims({ htm: undefined })],
  ['no htu', claims({ htu: undefined })],
  ['no iat', claims({ iat: undefined })],
  ['a proof that is too long', claims({ extra: 'x'.repeat(proofMaxLength) })],
]
for (const [what, changes, more] of refused) {
  test(`refused: ${what}`, async () => assert.equal(await attempt(changes, more), badProof))
}

function header(alg: string): string {
  return Buffer.from(JSON.stringify({ typ: 'dpop+jwt', alg, jwk: key.jwk })).toString('base64url')
}

test('refused: no signature, and a signature by a secret that everybody knows (§11.6)', async () => {
  const token = await tokenFor({ jkt: key.jkt })
  const good = await makeProof(key, { method, target, token }, world.nowMs)
  const [, payload] = good.split('.')
  const byPublicKey = createHmac('sha256', JSON.stringify(key.jwk)).update(`${header('HS256')}.${payload}`)
  const forged = [
    `${header('none')}.${payload}.`,
    `${header('None')}.${payload}.`,
    `${header('HS256')}.${payload}.${byPublicKey.digest('base64url')}`,
    `${header('ES256')}.${payload}.`,
    `${header('ES384')}.${payload}.${good.split('.')[2]}`,
  ]
  for (const proof of forged) {
    assert.equal(tell(await decide(make(), toCall(`DPoP ${token}`, [proof]))), badProof)
  }
})

test('refused: no proof, two, a list in one header, and what is no proof', async () => {
  const token = await tokenFor({ jkt: key.jkt })
  const [one, two] = [
    await makeProof(key, { method, target, token }, world.nowMs),
    await makeProof(key, { method, target, token }, world.nowMs),
  ]
  for (const proofs of [
    [],
    [one, two],
    [one, one],
    [`${one},${two}`],
    [`${one} `],
    ['a.b.c'],
    [''],
    [token],
  ]) {
    assert.equal(tell(await decide(make(), toCall(`DPoP ${token}`, proofs))), badProof)
  }
})

test('an algorithm that is not configured is refused, whatever the key can do', async () => {
  assert.match(await attempt({}, {}, { algorithms: ['PS256'] }), /invalid_dpop_proof", algs="PS256"/)
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const strong = toProofKey(rsa.privateKey, rsa.publicKey)
  const token = await tokenFor({ jkt: strong.jkt })
  const proof = await makeProof(strong, { method, target, token }, world.nowMs, { algorithm: 'PS256' })
  const decision = await decide(make({ algorithms: ['PS256'] }), toCall(`DPoP ${token}`, [proof]))
  assert.equal(tell(decision), 'admitted by DPoP')
})

const ways: [what: string, scheme: string, confirmation: object | undefined, expected: string][] = [
  ['a bound token as Bearer (§7.2)', 'Bearer', { jkt: key.jkt }, badBearer],
  ['an unbound token as DPoP', 'DPoP', undefined, badToken],
  ['a token bound to another key', 'DPoP', { jkt: thief.jkt }, badProof],
  ['a token bound to something else too', 'DPoP', { jkt: key.jkt, kid: 'x' }, badToken],
  ['a token bound to a certificate too', 'DPoP', { jkt: key.jkt, 'x5t#S256': 'x' }, badToken],
  ['a thumbprint that is no text', 'DPoP', { jkt: 7 }, badToken],
  ['a token that says it is bound, and to nothing', 'Bearer', {}, badBearer],
  ['an unbound token as Bearer', 'Bearer', undefined, 'admitted by Bearer'],
]
for (const [what, scheme, confirmation, expected] of ways) {
  test(`${what}: ${expected.split(';')[0]}`, async () => {
    const token = await tokenFor(confirmation)
    const proof = await makeProof(key, { method, target, token }, world.nowMs)
    assert.equal(tell(await decide(make(), toCall(`${scheme} ${token}`, [proof]))), expected)
  })
}

test('where proofs are required, only bound tokens are taken, and only DPoP is asked for', async () => {
  const provider = make({ required: true })
  assert.equal(tell(await decide(provider, fakeCall())), `missing; DPoP ${algs}`)
  const onlyDpop = `invalid; DPoP error="invalid_token", ${algs}`
  assert.equal(tell(await decide(provider, fakeCall(`Bearer ${await tokenFor()}`))), onlyDpop)
  const byCertificate = await tokenFor({ 'x5t#S256': 'x' })
  assert.equal(tell(await decide(provider, fakeCall(`Bearer ${byCertificate}`))), onlyDpop)
  assert.equal(await attempt({}, {}, { required: true }), 'admitted by DPoP')
})

test('without dpopConfig the scheme is not ours', async () => {
  const signatureConfig = { certFile: publicKey }
  const config = { issuer: 'wso2', audience: 'orders', signatureConfig }
  const provider = jwtKind.create(jwtKind.shape.check(config, path), world.services, path)
  const token = await tokenFor({ jkt: key.jkt })
  assert.equal(
    tell(await decide(provider, toCall(`DPoP ${token}`, []))),
    'invalid; Bearer error="invalid_token"',
  )
  assert.equal(provider.needsPublicOrigin, false)
})

const wrong: [what: string, config: unknown, problem: RegExp][] = [
  ['an algorithm with a shared secret', { algorithms: ['HS256'] }, /algorithms\[0\]: expected "RS256"/],
  ['no algorithm', { algorithms: [] }, /algorithms: expected at least 1 member/],
  ['a store without add', { replayStore: {} }, /replayStore: expected a ReplayStore/],
  ['a short secret', { nonces: { secret: 'x'.repeat(31) } }, /nonces\.secret: expected at least 32 bytes/],
  ['a window of an hour', { proofMaxAgeSeconds: 3600 }, /proofMaxAgeSeconds: expected a number of seconds/],
]
for (const [what, config, problem] of wrong) {
  test(`${what} is a start error`, () => assert.throws(() => make(config as DpopConfig), problem))
}
