import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { beforeEach, test } from 'node:test'
import { fakeServices } from '../../../test/fake-services.ts'
import { isPromise, toPrincipal } from '../../core/index.ts'
import { decodeJwt } from '../../jose/index.ts'
import { inferredJwtKind } from './inferred-jwt.ts'
import type { Caller, CredentialSource, Need, Outgoing } from '../../core/index.ts'
import type { IssuerConfig, Payload } from '../../jose/index.ts'

const start = 1_800_000_000
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const config: IssuerConfig = {
  issuer: 'orders',
  audience: 'inventory',
  signatureConfig: { algorithm: 'ES256', config: privateKey },
}
const services = { ...fakeServices(() => nowMs), random: (bytes: number) => randomBytes(bytes) }
let nowMs: number

beforeEach(() => {
  nowMs = start * 1000
})

function make(more: Partial<IssuerConfig> = {}): CredentialSource {
  const record = { inferredJwtIssuerConfig: { ...config, ...more } }
  return inferredJwtKind.create(inferredJwtKind.shape.check(record, 'auth'), services, 'auth')
}

function caller(username: string, expiresAtSeconds?: number): Caller {
  const expiry = expiresAtSeconds === undefined ? {} : { expiresAtSeconds }
  return { principal: toPrincipal({ id: username, username, scheme: 'Basic', ...expiry }) }
}

function needOf(from?: Caller, more: Partial<Need> = {}): Need {
  return { method: 'GET', target: 'https://inventory.internal/', ...(from && { caller: from }), ...more }
}

function credential(source: CredentialSource, need: Need): Outgoing & { kind: 'token' } {
  const result = source.credential(need)
  assert.ok(!isPromise(result) && result.ok && result.value.kind === 'token')
  return result.value
}

function claimsOf(outgoing: Outgoing & { kind: 'token' }): Payload {
  const decoded = decodeJwt(outgoing.token.reveal())
  assert.ok(decoded.ok)
  return decoded.value.payload
}

test('the token speaks for the inbound caller', () => {
  const { iss, sub, aud, exp } = claimsOf(credential(make(), needOf(caller('alice'))))
  assert.deepEqual([iss, sub, aud, exp], ['orders', 'alice', 'inventory', start + 300])
})

test('every caller gets a token of their own, and keeps it for most of its life', () => {
  const source = make()
  const alice = credential(source, needOf(caller('alice')))
  const bob = credential(source, needOf(caller('bob')))
  assert.deepEqual([claimsOf(alice).sub, claimsOf(bob).sub], ['alice', 'bob'])
  assert.notEqual(claimsOf(alice).jti, claimsOf(bob).jti)
  nowMs += 239_999
  assert.equal(credential(source, needOf(caller('alice'))), alice)
  nowMs += 1
  assert.notEqual(credential(source, needOf(caller('alice'))), alice)
})

test('a refused token is replaced after the cooldown', () => {
  const source = make()
  const first = credential(source, needOf(caller('alice')))
  const refused = { refused: { credential: first, metadata: () => [] } }
  assert.equal(credential(source, needOf(caller('alice'), refused)), first)
  nowMs += 30_000
  assert.notEqual(credential(source, needOf(caller('alice'), refused)), first)
})

const refusals: [claim: string, from: Caller | undefined, code: string][] = [
  ['without an inbound caller', undefined, 'missing'],
  ['for a caller without a name', caller(''), 'missing'],
  ['for a caller whose credential has expired', caller('alice', start), 'expired'],
]

for (const [claim, from, code] of refusals) {
  test(`issues nothing ${claim}`, () => {
    const result = make().credential(needOf(from))
    assert.ok(!isPromise(result) && !result.ok)
    assert.equal(result.denial.code, code)
  })
}

test('a thousand callers keep their tokens, one more makes the oldest leave', () => {
  const source = make()
  const tokenOf = (index: number): Outgoing => credential(source, needOf(caller(`user-${index}`)))
  const tokens = Array.from({ length: 1000 }, (_, index) => tokenOf(index))
  assert.equal(tokenOf(0), tokens[0])
  tokenOf(1000)
  assert.equal(tokenOf(0), tokens[0])
  assert.notEqual(tokenOf(1), tokens[1])
})

test('a configured jti stays', () => {
  assert.equal(claimsOf(credential(make({ jwtId: 'mine' }), needOf(caller('alice')))).jti, 'mine')
  const source = make({ customClaims: { jti: 'ours' } })
  assert.equal(claimsOf(credential(source, needOf(caller('alice')))).jti, 'ours')
})

const broken: [claim: string, more: Partial<IssuerConfig>, path: string][] = [
  ['a user name', { username: 'admin' }, 'auth.inferredJwtIssuerConfig.username'],
  ['a custom sub', { customClaims: { sub: 'admin' } }, 'auth.inferredJwtIssuerConfig.customClaims.sub'],
]

for (const [claim, more, path] of broken) {
  test(`does not start with ${claim}, which would speak for somebody else`, () => {
    assert.throws(() => make(more), { name: 'ConfigError', path })
  })
}
