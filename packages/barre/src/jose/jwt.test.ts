import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { countListeners, fakeServices } from '../../test/fake-services.ts'
import { compiledMax, createJwt } from './jwt.ts'
import type { ValidatorConfig } from './validator-config.ts'

const { publicKey } = generateKeyPairSync('ed25519')

function newConfig(): ValidatorConfig {
  return { audience: 'orders', signatureConfig: { certFile: publicKey } }
}

test('what is no text is a malformed token', async () => {
  const jwt = createJwt(fakeServices(() => 0))
  for (const token of [undefined, null, 5, {}, ['a.b.c'], [undefined]] as string[]) {
    for (const result of [await jwt.validate(token, newConfig()), jwt.decode(token)]) {
      assert.equal(!result.ok && result.denial.code, 'malformed')
    }
  }
})

test('configurations that are made anew for each call do not pile up; one in use stays', async () => {
  const { services, listeners } = countListeners(fakeServices(() => 0))
  const jwt = createJwt(services)
  const constant = newConfig()
  let reads = 0
  Object.defineProperty(constant, 'issuer', { enumerable: true, get: () => void reads++ })
  await jwt.validate('', constant)
  const readsForFirst = reads
  for (let index = 1; index < compiledMax; index++) await jwt.validate('', newConfig())
  assert.equal(listeners(), compiledMax)
  await jwt.validate('', constant)
  await jwt.validate('', newConfig())
  await jwt.validate('', constant)
  assert.deepEqual([listeners(), reads], [compiledMax, readsForFirst])
})
