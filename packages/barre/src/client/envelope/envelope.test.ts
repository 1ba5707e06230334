import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { fakeServices } from '../../../test/fake-services.ts'
import { decodeJwt } from '../../jose/index.ts'
import { envelopeSourceKind } from './envelope.ts'
import type { CredentialSource, Need } from '../../core/index.ts'

const { privateKey } = generateKeyPairSync('ed25519')
const services = { ...fakeServices(() => 1_800_000_000_000), random: (bytes: number) => randomBytes(bytes) }

function make(more: object = {}): CredentialSource {
  const signatureConfig = { algorithm: 'EdDSA', config: privateKey }
  const auth = { envelopeConfig: { issuer: 'orders', username: 'alice', signatureConfig, ...more } }
  return envelopeSourceKind.create(envelopeSourceKind.shape.check(auth, 'auth'), services, 'auth')
}

const need: Need = { method: 'PUBLISH', target: 'topic', payload: () => Buffer.from('body') }

test('each message gets an envelope over its body and target, with a name of its own', async () => {
  const source = make()
  const decoded = []
  for (let round = 0; round < 2; round++) {
    const result = await source.credential(need)
    assert.ok(result.ok && result.value.kind === 'token')
    assert.equal(result.value.scheme, 'Envelope')
    const read = decodeJwt(result.value.token.reveal())
    assert.ok(read.ok)
    decoded.push(read.value)
  }
  const [one, two] = decoded
  assert.equal(one?.header.typ, 'message+jwt')
  const { aud, iat, sub, digest } = one?.payload ?? {}
  const expected = createHash('sha256').update('body').digest('base64url')
  assert.deepEqual([aud, iat, sub, digest], ['topic', 1_800_000_000, 'alice', expected])
  assert.notEqual(one?.payload.jti, two?.payload.jti)
})

test('there is no envelope without a message', async () => {
  const result = await make().credential({ method: 'GET', target: 'https://orders.example' })
  assert.equal(!result.ok && result.denial.code, 'invalid')
})

for (const field of [{ audience: 'a' }, { jwtId: 'a' }, { profile: 'at+jwt' }]) {
  const [name] = Object.keys(field)
  test(`does not start with ${name}, which is each message's own`, () => {
    assert.throws(() => make(field), { name: 'ConfigError', path: `auth.envelopeConfig.${name}` })
  })
}
