import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, Secret, toPrincipal } from '../../core/index.ts'
import type { Caller, Principal, Services } from '../../core/index.ts'
import { propagateKind } from './propagate.ts'

const nowSeconds = 1_000
const services = { now: () => nowSeconds * 1000 } as Services
const source = propagateKind.create(propagateKind.shape.check({ propagate: true }, 'auth'), services, 'auth')

function caller(
  members: Partial<Pick<Principal, 'scheme' | 'claims' | 'expiresAtSeconds'>>,
  token?: string,
): Caller {
  const principal = toPrincipal({ id: 'iss:a', username: 'a', scheme: 'Bearer', ...members })
  return { principal, ...(token !== undefined && { credential: new Secret(token) }) }
}

function send(inbound: Caller | undefined) {
  const need = { method: 'GET', target: 'https://inventory.internal/' }
  const sent = source.credential(inbound === undefined ? need : { ...need, caller: inbound })
  assert.ok('ok' in sent)
  return sent
}

test("passes on the caller's token, with its expiry", () => {
  const sent = send(caller({ expiresAtSeconds: nowSeconds + 1 }, 'abc'))
  assert.ok(sent.ok && sent.value.kind === 'token')
  assert.deepEqual(
    [sent.value.scheme, sent.value.token.reveal(), sent.value.expiresAtSeconds],
    ['Bearer', 'abc', nowSeconds + 1],
  )
})

test('passes on a token that does not say when it expires', () => {
  const sent = send(caller({}, 'abc'))
  assert.equal(sent.ok, true)
})

const refused: readonly (readonly [string, Caller | undefined, string, RegExp])[] = [
  ['without a caller', undefined, 'missing', /pass `caller`/],
  ['for a caller without a token', caller({}), 'missing', /inferredJwtIssuerConfig/],
  [
    'for a caller who used a password',
    caller({ scheme: 'Basic' }, 'abc'),
    'missing',
    /inferredJwtIssuerConfig/,
  ],
  ['a DPoP token', caller({ scheme: 'DPoP' }, 'abc'), 'invalid', /use token exchange/],
  [
    'a token bound to a key',
    caller({ claims: { cnf: { jkt: 'x' } } }, 'abc'),
    'invalid',
    /use token exchange/,
  ],
  [
    'a token bound to a certificate',
    caller({ claims: { cnf: { 'x5t#S256': 'x' } } }, 'abc'),
    'invalid',
    /use token exchange/,
  ],
  ['a token that has expired', caller({ expiresAtSeconds: nowSeconds }, 'abc'), 'expired', /expired/],
]
for (const [name, inbound, code, detail] of refused) {
  test(`sends nothing: ${name}`, () => {
    const sent = send(inbound)
    assert.ok(!sent.ok)
    assert.equal(sent.denial.code, code)
    assert.match(sent.denial.detail, detail)
  })
}

test('propagate: false is no way to say no', () => {
  assert.throws(() => propagateKind.shape.check({ propagate: false }, 'auth'), ConfigError)
})
