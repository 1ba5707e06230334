import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { fakeServices } from '../../test/fake-services.ts'
import { importSigningKey } from './import-key.ts'
import { signJws } from './jws.ts'
import { createValidator } from './validator.ts'
import type { Validator } from './validator.ts'

const nowSeconds = 1_800_000_000
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const signing = importSigningKey(pair.privateKey, { path: 'key', algorithm: 'ES256', kid: 'one' })
const claims = { sub: 'alice', aud: 'orders', exp: nowSeconds + 60, iat: nowSeconds }

function create(): Validator {
  const config = { audience: 'orders', signatureConfig: { certFile: pair.publicKey } }
  return createValidator(
    config,
    fakeServices(() => nowSeconds * 1000),
    'config',
  )
}

for (const [atSeconds, expected] of [
  [claims.exp + 9, 'ok'],
  [claims.exp + 10, 'expired'],
  [claims.iat - 10, 'ok'],
  [claims.iat - 11, 'invalid'],
] as const) {
  test(`judged at another time than now: ${expected}`, async () => {
    const token = await signJws({ typ: 'JWT' }, JSON.stringify(claims), signing)
    const result = await create().validate(token, atSeconds * 1000)
    assert.equal(result.ok ? 'ok' : result.denial.code, expected)
  })
}

test('a token that held when it was sent, and has ended since, is not remembered', async () => {
  const ended = { ...claims, iat: nowSeconds - 200, exp: nowSeconds - 100 }
  const token = await signJws({ typ: 'JWT' }, JSON.stringify(ended), signing)
  const validator = create()
  assert.equal((await validator.validate(token, (nowSeconds - 150) * 1000)).ok, true)
  assert.equal((await validator.validate(token)).ok, false)
})
