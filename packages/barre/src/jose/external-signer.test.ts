import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import * as jose from 'jose'
import { serverTest } from '../../../../tools/servers/index.ts'
import { softhsm } from '../../../../tools/servers/softhsm.ts'
import { fakeServices } from '../../test/fake-services.ts'
import { ConfigError } from '../core/index.ts'
import { externalSigner } from './external-signer.ts'
import { createIssuer } from './issuer.ts'
import { publicJwk } from './jwk.ts'
import { signJws } from './jws.ts'
import { signJwsJson } from './sign-json.ts'
import { createValidator } from './validator.ts'
import type { Device } from '../../../../tools/servers/softhsm.ts'

const services = fakeServices(() => Date.UTC(2030, 0))
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const elsewhere = {
  algorithm: 'ES256',
  kid: 'far away',
  publicKey,
  async sign(input: Buffer) {
    await setImmediate()
    return sign('sha256', input, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  },
} as const

test('a key that answers later signs tokens and JSON serializations', async () => {
  const config = externalSigner(elsewhere, 'signer')
  const issuer = createIssuer(
    { issuer: 'sts', audience: 'a', signatureConfig: { config } },
    services,
    'issuer',
  )
  const token = await issuer.issue()
  assert.deepEqual(jose.decodeProtectedHeader(token), { alg: 'ES256', typ: 'JWT', kid: 'far away' })
  const jwks = { keys: [publicJwk(config)] }
  const expected = { issuer: 'sts', audience: 'a', signatureConfig: { jwksConfig: { jwks } } }
  const result = await createValidator(expected, services, 'validator').validate(token)
  assert.ok(result.ok)
  const json = await signJwsJson('hi', [{ key: config }, { key: config }])
  assert.ok(await jose.generalVerify({ ...json, payload: 'aGk' } as jose.GeneralJWSInput, publicKey))
})

test('a signature that does not verify never leaves: DER for ES256, another key, nothing', async () => {
  const wrong = [
    (input: Buffer) => sign('sha256', input, privateKey),
    (input: Buffer) => sign('sha256', input, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
    () => Buffer.alloc(0),
  ]
  for (const answer of wrong) {
    const signer = externalSigner({ ...elsewhere, sign: (input) => Promise.resolve(answer(input)) }, 'signer')
    await assert.rejects(async () => signJws({}, 'hi', signer), /ES256 signature of its public key/)
  }
})

test('a public key that does not fit, or a kid or algorithm said twice, is a ConfigError', () => {
  const other = generateKeyPairSync('ed25519').publicKey
  assert.throws(() => externalSigner({ ...elsewhere, publicKey: other }, 'signer'), ConfigError)
  assert.throws(() => externalSigner({ ...elsewhere, kid: 'a\nb' }, 'signer'), ConfigError)
  const config = externalSigner(elsewhere, 'signer')
  for (const said of [
    { keyId: 'other', signatureConfig: { config } },
    { signatureConfig: { config, algorithm: 'RS256' } },
  ] as const) {
    assert.throws(() => createIssuer(said, services, 'issuer'), ConfigError)
  }
})

const device: Device = {}

serverTest('a key in an HSM (PKCS#11) signs tokens that others verify', softhsm, device, async () => {
  for (const algorithm of ['ES256', 'RS256'] as const) {
    const key = device.generate?.(algorithm)
    assert.ok(key)
    const config = externalSigner({ algorithm, kid: 'hsm', ...key }, 'signer')
    const issuer = createIssuer(
      { issuer: 'sts', audience: 'a', signatureConfig: { config } },
      services,
      'issuer',
    )
    const token = await issuer.issue()
    const expected = { issuer: 'sts', audience: 'a', signatureConfig: { certFile: key.publicKey } }
    const result = await createValidator(expected, services, 'validator').validate(token)
    assert.ok(result.ok)
    assert.ok(await jose.compactVerify(token, key.publicKey))
  }
})
