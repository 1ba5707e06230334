import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { sharedTest } from '../../../../../tools/shared.ts'
import { openKeyStore, publicKeyOf, readPublicKey } from '../keys/index.ts'
import {
  legacySign,
  legacyVerify,
  sign,
  signFile,
  signStream,
  verify,
  verifyFile,
  verifyStream,
} from './signature.ts'
import type { KeyObject } from 'node:crypto'
import type { DigestAlgorithm, LegacySignatureAlgorithm, SignatureAlgorithm } from './algorithms.ts'

type Pair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject }

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const data = 'Ballerina test'

const digested: readonly (readonly [DigestAlgorithm, Pair])[] = [
  ['rsa-sha256', rsa],
  ['rsa-sha384', rsa],
  ['rsa-sha512', rsa],
  ['rsa-pss-sha256', rsa],
  ['rsa-pss-sha384', rsa],
  ['rsa-pss-sha512', rsa],
  ['ecdsa-sha256', p256],
  ['ecdsa-sha384', p384],
  ['ecdsa-sha512', p384],
]
const all: readonly (readonly [SignatureAlgorithm, Pair])[] = [
  ...digested,
  ['ed25519', generateKeyPairSync('ed25519')],
  ['ed448', generateKeyPairSync('ed448')],
  ['ml-dsa-44', generateKeyPairSync('ml-dsa-44')],
  ['ml-dsa-65', generateKeyPairSync('ml-dsa-65')],
  ['ml-dsa-87', generateKeyPairSync('ml-dsa-87')],
]
for (const [algorithm, { publicKey, privateKey }] of all) {
  test(`${algorithm} verifies what it signed, and nothing else`, () => {
    const signature = sign(data, { algorithm, key: privateKey })
    assert.ok(verify(data, signature, { algorithm, key: publicKey }))
    assert.ok(!verify(`${data}!`, signature, { algorithm, key: publicKey }))
    assert.ok(!verify(data, signature.subarray(1), { algorithm, key: publicKey }))
    const changed = Buffer.from(signature)
    changed[Math.floor(changed.length / 2)]! ^= 1
    assert.ok(!verify(data, changed, { algorithm, key: publicKey }))
    assert.throws(() => sign(data, { algorithm, key: publicKey }), TypeError)
    assert.throws(() => verify(data, signature, { algorithm, key: privateKey }), TypeError)
  })
}

test('an RSA signature without its leading zero is not one', async () => {
  const algorithm = 'rsa-sha256'
  const { publicKey: key, privateKey } = rsa
  // One signature in 256 begins with a zero: 10,000 tries without one would be a sign of another fault.
  for (let text = 0; text < 10_000; text++) {
    const signature = sign(`${text}`, { algorithm, key: privateKey })
    if (signature[0] !== 0) continue
    assert.ok(verify(`${text}`, signature, { algorithm, key }))
    assert.ok(!verify(`${text}`, signature.subarray(1), { algorithm, key }))
    assert.ok(!(await verifyStream(one(`${text}`), signature.subarray(1), { algorithm, key })))
    return
  }
  assert.fail('no signature began with a zero')
})

async function* one(text: string): AsyncGenerator<string> {
  yield text
}

async function* pieces(): AsyncGenerator<string> {
  yield* ['Ballerina', ' test']
}

test('a stream and a file have the signature of their bytes', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'barre-sign-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'data')
  writeFileSync(path, data)
  for (const [algorithm, { publicKey, privateKey }] of digested) {
    const signature = await signStream(pieces(), { algorithm, key: privateKey })
    assert.ok(verify(data, signature, { algorithm, key: publicKey }))
    assert.ok(
      await verifyStream(pieces(), await signFile(path, { algorithm, key: privateKey }), {
        algorithm,
        key: publicKey,
      }),
    )
    assert.ok(await verifyFile(path, signature, { algorithm, key: publicKey }))
    assert.ok(!(await verifyFile(path, signature.subarray(1), { algorithm, key: publicKey })))
  }
})

test('a stream cannot be signed by an algorithm that needs all of it', async () => {
  const algorithm = 'ed25519' as unknown as DigestAlgorithm
  await assert.rejects(signStream((async function* () {})(), { algorithm, key: rsa.privateKey }), TypeError)
})

test('ECDSA writes two numbers when asked to', () => {
  const options = { algorithm: 'ecdsa-sha256', encoding: 'ieee-p1363' } as const
  const signature = sign(data, { ...options, key: p256.privateKey })
  assert.equal(signature.length, 64)
  assert.ok(verify(data, signature, { ...options, key: p256.publicKey }))
  assert.ok(!verify(data, signature, { algorithm: 'ecdsa-sha256', key: p256.publicKey }))
})

test('a key of another type, or a short RSA key, is a mistake', () => {
  for (const [algorithm, key] of [
    ['rsa-sha256', p256.privateKey],
    ['ecdsa-sha256', rsa.privateKey],
    ['ed25519', p256.privateKey],
    ['rsa-sha256', weak.privateKey],
  ] as const) {
    assert.throws(() => sign(data, { algorithm, key }), TypeError)
  }
  assert.throws(
    () => verify(data, Buffer.alloc(128), { algorithm: 'rsa-sha256', key: weak.publicKey }),
    TypeError,
  )
  assert.ok(legacySign(data, { algorithm: 'rsa-sha1', key: weak.privateKey }))
})

const resources = ['ballerina', 'module-ballerina-crypto', 'ballerina', 'tests', 'resources']

sharedTest("every RSA signature of Ballerina's own tests", ['ballerina', 'crypto-vectors.json'], (path) => {
  type Row = { readonly alg: string; readonly input: string; readonly hex: string }
  const { rsaSign } = JSON.parse(readFileSync(path, 'utf8')) as { rsaSign: readonly Row[] }
  const folder = join(path, '..', ...resources.slice(1))
  const key = openKeyStore(readFileSync(join(folder, 'keyStore.p12')), { password: 'ballerina' }).privateKey(
    'ballerina',
  )
  const publicKey = readPublicKey(readFileSync(join(folder, 'public.crt')))
  assert.equal(rsaSign.length, 5)
  for (const { alg, input, hex } of rsaSign) {
    const signature = Buffer.from(hex, 'hex')
    if (alg === 'md5' || alg === 'sha1') {
      const algorithm = `rsa-${alg}` as LegacySignatureAlgorithm
      assert.deepEqual(legacySign(input, { algorithm, key }), signature)
      assert.ok(legacyVerify(input, signature, { algorithm, key: publicKey }))
    } else {
      const algorithm = `rsa-${alg}` as DigestAlgorithm
      assert.deepEqual(sign(input, { algorithm, key }), signature)
      assert.ok(verify(input, signature, { algorithm, key: publicKey }))
    }
  }
})

sharedTest("Ballerina's EC and ML-DSA stores sign and verify", resources, (folder) => {
  for (const [file, alias, algorithm] of [
    ['ec-keystore.pkcs12', 'ec-keypair', 'ecdsa-sha384'],
    ['mldsa-keystore.pkcs12', 'mldsa-keypair', 'ml-dsa-65'],
  ] as const) {
    const store = openKeyStore(readFileSync(join(folder, file)), { password: 'ballerina' })
    const [certificate] = store.certificates(alias)
    assert.ok(certificate)
    const signature = sign(data, { algorithm, key: store.privateKey(alias) })
    assert.ok(verify(data, signature, { algorithm, key: publicKeyOf(certificate) }))
  }
})
