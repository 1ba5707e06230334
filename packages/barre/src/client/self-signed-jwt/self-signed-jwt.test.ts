import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { beforeEach, test } from 'node:test'
import { fakeServices } from '../../../test/fake-services.ts'
import { isPromise } from '../../core/index.ts'
import { createValidator } from '../../jose/index.ts'
import { selfSignedJwtKind } from './self-signed-jwt.ts'
import type { CredentialSource, Need, Outgoing } from '../../core/index.ts'
import type { IssuerConfig } from '../../jose/index.ts'

const start = 1_800_000_000
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const config: IssuerConfig = {
  issuer: 'orders',
  username: 'orders',
  audience: 'inventory',
  expTime: 100,
  signatureConfig: { algorithm: 'ES256', config: privateKey },
}
const need: Need = { method: 'GET', target: 'https://inventory.internal/' }
const services = fakeServices(() => nowMs)
let nowMs: number

beforeEach(() => {
  nowMs = start * 1000
})

function make(more: Partial<IssuerConfig> = {}): CredentialSource {
  return selfSignedJwtKind.create(
    selfSignedJwtKind.shape.check({ ...config, ...more }, 'auth'),
    services,
    'auth',
  )
}

function credential(source: CredentialSource, more: Partial<Need> = {}): Outgoing & { kind: 'token' } {
  const result = source.credential({ ...need, ...more })
  assert.ok(!isPromise(result) && result.ok && result.value.kind === 'token')
  return result.value
}

function refused(outgoing: Outgoing): Partial<Need> {
  return { refused: { credential: outgoing, metadata: () => [] } }
}

test('sends a token that the other side accepts', () => {
  const { scheme, token, expiresAtSeconds } = credential(make())
  assert.deepEqual([scheme, expiresAtSeconds], ['Bearer', start + 100])
  const wanted = { issuer: 'orders', audience: 'inventory', signatureConfig: { certFile: publicKey } }
  const validated = createValidator(wanted, services, 'validator').validate(token.reveal())
  assert.ok(!isPromise(validated) && validated.ok)
  assert.equal(validated.value.sub, 'orders')
})

const lives: [
  claim: string,
  more: Partial<IssuerConfig>,
  passMs: number,
  same: boolean,
  asked?: Partial<Need>,
][] = [
  ['one token serves to the last millisecond of 80 % of its life', {}, 79_999, true],
  ['a new token is signed at 80 % of its life', {}, 80_000, false],
  ['a new token is signed when the clock was set back', {}, -1, false],
  ['a custom exp counts, not expTime', { customClaims: { exp: start + 10 } }, 8000, false],
  [
    'a call that wants the next one early gets the same before half of that',
    {},
    39_999,
    true,
    { early: true },
  ],
  ['a call that wants the next one early gets it after half of that', {}, 40_000, false, { early: true }],
]

for (const [claim, more, passMs, same, asked] of lives) {
  test(claim, () => {
    const source = make(more)
    const first = credential(source)
    nowMs += passMs
    assert.equal(credential(source, asked) === first, same)
  })
}

test('a refused token is replaced, if it is still the current one, at most once in thirty seconds', () => {
  const source = make()
  const first = credential(source)
  assert.equal(credential(source, refused(first)), first, 'too early')
  nowMs += 30_000
  const second = credential(source, refused(first))
  assert.notEqual(second, first)
  assert.equal(credential(source, refused(first)), second, 'no longer the current one')
  assert.equal(credential(source, refused(second)), second, 'too early again')
})

const broken: [claim: string, more: object, path: string][] = [
  ['no key', { signatureConfig: undefined }, 'auth.signatureConfig'],
  ['a life of nothing', { expTime: 0 }, 'auth.expTime'],
  ['a key for another algorithm', { signatureConfig: { config: privateKey } }, 'auth.signatureConfig.config'],
]

for (const [claim, more, path] of broken) {
  test(`does not start with ${claim}`, () => {
    assert.throws(() => make(more), { name: 'ConfigError', path })
  })
}
