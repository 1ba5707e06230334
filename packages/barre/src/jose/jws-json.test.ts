import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import * as jose from 'jose'
import { sharedTest } from '../../../../tools/shared.ts'
import { encodeBase64url } from './base64url.ts'
import { importSigningKey, importVerificationKey, importSecret } from './import-key.ts'
import { importVerificationJwk } from './import-jwk.ts'
import { jwsMaxLength, readJws, signaturesMax, verifySignatures } from './jws-json.ts'
import { signDetachedJws, signJwsJson } from './sign-json.ts'
import type { ReadOptions } from './jws-json.ts'
import type { Jwk } from './jwk.ts'
import type { JsonObject } from './json.ts'
import type { JwsAlgorithm } from './jws-algorithms.ts'
import type { VerificationKey } from './key.ts'

const path = 'key'
const pair = generateKeyPairSync('ed25519')
const signer = importSigningKey(pair.privateKey, { path, algorithm: 'EdDSA' })
const ed = importVerificationKey(pair.publicKey, { path, algorithm: 'EdDSA' })
const secret = randomBytes(32)
const macSigner = importSigningKey(secret.toString('base64'), { path, algorithm: 'HS256', kid: 'mac' })
const mac = importSecret(secret.toString('base64'), { path, algorithm: 'HS256', kid: 'mac' })
const payload = 'Plié. 你好'

function outcome(
  jws: string | JsonObject,
  options: ReadOptions = {},
  keys: readonly VerificationKey[] = [ed, mac],
  need: 'any' | 'all' = 'all',
): string {
  const read = readJws(jws, options)
  if (!read.ok) return `${read.denial.code}: ${read.denial.detail}`
  const verified = verifySignatures(read.value, keys, need)
  return verified.ok
    ? `${verified.value.length}: ${read.value.payload.toString()}`
    : `${verified.denial.code}: ${verified.denial.detail}`
}

test('flattened and general serializations: what we sign, jose verifies', async () => {
  const request = { key: signer, header: { typ: 'text' }, unprotected: { note: 'in clear' } }
  const flattened = await signJwsJson(payload, [request])
  const one = await jose.flattenedVerify(flattened as jose.FlattenedJWSInput, pair.publicKey)
  assert.equal(Buffer.from(one.payload).toString(), payload)
  assert.deepEqual(one.unprotectedHeader, { note: 'in clear' })
  const general = (await signJwsJson(payload, [
    { key: macSigner },
    request,
  ])) as unknown as jose.GeneralJWSInput
  const key = Buffer.from(secret.toString('base64'))
  assert.equal((await jose.generalVerify(general, key)).protectedHeader?.alg, 'HS256')
  assert.equal((await jose.generalVerify(general, pair.publicKey)).protectedHeader?.typ, 'text')
})

test('flattened and general serializations: what jose signs, we verify', async () => {
  const bytes = Buffer.from(payload)
  const flattened = await new jose.FlattenedSign(bytes)
    .setUnprotectedHeader({ alg: 'EdDSA' })
    .setProtectedHeader({ typ: 'text' })
    .sign(pair.privateKey)
  assert.equal(outcome({ ...flattened }), `1: ${payload}`)
  const general = new jose.GeneralSign(bytes)
  general.addSignature(pair.privateKey).setProtectedHeader({ alg: 'EdDSA' })
  general.addSignature(Buffer.from(secret.toString('base64'))).setProtectedHeader({ alg: 'HS256' })
  assert.equal(outcome({ ...(await general.sign()) }), `2: ${payload}`)
})

test('a payload that travels apart, encoded or not, verifies with its own bytes only', async () => {
  const detachedPayload = Buffer.from(payload)
  for (const unencoded of [false, true]) {
    const compact = await signDetachedJws(payload, { key: signer }, { unencoded })
    const json = await signJwsJson(payload, [{ key: signer }, { key: macSigner }], {
      unencoded,
      detached: true,
    })
    assert.match(compact, /^[\w-]+\.\.[\w-]+$/)
    assert.equal(json.payload, undefined)
    for (const jws of [compact, json]) {
      assert.match(outcome(jws, { detachedPayload }), new RegExp(`^[12]: ${payload}$`))
      assert.equal(
        outcome(jws, { detachedPayload: Buffer.from('other') }),
        'invalid: the signature does not match',
      )
    }
    assert.equal(outcome(compact), 'invalid: the signature does not match')
    assert.equal(outcome(json), 'malformed: the JWS has no payload')
    const whole = await signJwsJson(payload, [{ key: signer }], { unencoded })
    assert.equal(outcome(whole), `1: ${payload}`)
    assert.equal(
      outcome(whole, { detachedPayload }),
      'malformed: the payload is detached, and there is another',
    )
    const theirs = await jose
      .flattenedVerify({ ...json, ...json.signatures?.[0], payload } as never, pair.publicKey)
      .catch(() => undefined)
    assert.equal(theirs !== undefined, unencoded)
  }
})

// RFC 7797 §4.1 and §4.2: HS256 with the key of RFC 7515 appendix A.1.
const rfcKey = importSecret(
  Buffer.from(
    'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
    'base64url',
  ),
  { path, algorithm: 'HS256' },
)
const rfcDetached =
  'eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19..A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY'

test('RFC 7797 §4: the examples verify', () => {
  assert.equal(outcome(rfcDetached, { detachedPayload: Buffer.from('$.02') }, [rfcKey]), '1: $.02')
  const [segment, , signature] = rfcDetached.split('.')
  assert.equal(outcome({ protected: segment, payload: '$.02', signature }, {}, [rfcKey]), '1: $.02')
})

const encode = (header: object) => encodeBase64url(JSON.stringify(header))

test('a JWS is refused for its form or headers', async () => {
  const flat = await signJwsJson(payload, [{ key: signer }])
  const { payload: text, ...signature } = flat
  const b64 = { alg: 'EdDSA', b64: false, crit: ['b64'] }
  const general = (...signatures: unknown[]) => ({ payload: text, signatures })
  const cases: readonly (readonly [string | JsonObject, string])[] = [
    [flat, `1: ${payload}`],
    [general(signature), `1: ${payload}`],
    ['a.b', 'malformed: a compact JWS has three segments'],
    ['a.b.c.d', 'malformed: a compact JWS has three segments'],
    [{ ...flat, signatures: [] }, 'malformed: a JWS is either flattened or has a list of signatures'],
    [{ payload: text, signatures: {} }, 'malformed: a JWS is either flattened or has a list of signatures'],
    [general(), 'malformed: a JWS has from 1 to 16 signatures'],
    [general(1), 'malformed: a signature is not an object'],
    [{ ...flat, payload: 1 }, 'malformed: the JWS has no payload'],
    [{ ...flat, payload: `${flat.payload}=` }, 'malformed: the payload is not canonical base64url'],
    [
      { ...flat, signature: `${flat.signature}=` },
      'malformed: a signature or protected header is not canonical base64url',
    ],
    [{ ...flat, protected: {} }, 'malformed: a signature or protected header is not canonical base64url'],
    [{ ...flat, header: [1] }, 'malformed: an unprotected header is not an object'],
    [{ ...flat, header: { alg: 'EdDSA' } }, 'invalid: a header parameter is there twice'],
    [{ ...flat, header: { crit: ['b64'], b64: false } }, 'invalid: crit and b64 must be protected'],
    [{ ...flat, protected: encode({}) }, 'invalid: the header has no alg'],
    [
      { ...flat, protected: encode({ alg: 'none' }) },
      'invalid: no key fits the kid and algorithm of the header',
    ],
    [{ ...flat, protected: encode({ ...b64, crit: [] }) }, 'invalid: the header demands an extension'],
    [{ ...flat, protected: encode({ ...b64, crit: 'b64' }) }, 'invalid: the header demands an extension'],
    [
      { ...flat, protected: encode({ ...b64, crit: ['b64', 'b64'] }) },
      'invalid: the header demands an extension',
    ],
    [
      { ...flat, protected: encode({ ...b64, crit: ['exp'], exp: 1 }) },
      'invalid: the header demands an extension',
    ],
    [{ ...flat, protected: encode({ alg: 'EdDSA', b64: false }) }, 'invalid: b64 is not in crit'],
    [{ ...flat, protected: encode({ ...b64, b64: 'false' }) }, 'invalid: b64 is not true or false'],
    [general(signature, { ...signature, protected: encode(b64) }), 'invalid: the signatures differ in b64'],
    [`${encode(b64)}.é.AAAA`, 'malformed: the payload has characters that an unencoded payload cannot have'],
    [
      { ...flat, payload: '\uD800', protected: encode(b64) },
      'malformed: the payload has characters that an unencoded payload cannot have',
    ],
  ]
  for (const [jws, expected] of cases) assert.equal(outcome(jws), expected)
})

test('one signature of several is enough only where the caller says so', async () => {
  const jws = await signJwsJson(payload, [{ key: signer }, { key: macSigner }])
  assert.equal(outcome(jws), `2: ${payload}`)
  assert.equal(outcome(jws, {}, [mac]), 'invalid: no key fits the kid and algorithm of the header')
  assert.equal(outcome(jws, {}, [mac], 'any'), `1: ${payload}`)
  const foreign = importVerificationKey(generateKeyPairSync('ed25519').publicKey, {
    path,
    algorithm: 'EdDSA',
  })
  assert.equal(outcome(jws, {}, [foreign], 'any'), 'invalid: the signature does not match')
})

const many = (count: number) => Array.from({ length: count }, () => ({ key: signer }))

test('limits hold at the limit and not one past it', async () => {
  const full = await signJwsJson('', many(signaturesMax))
  assert.equal(outcome(full), '16: ')
  const { signatures = [] } = full
  assert.match(outcome({ ...full, signatures: [...signatures, signatures[0]] }), /from 1 to 16/)
  assert.throws(() => signJwsJson('', many(signaturesMax + 1)), TypeError)
  assert.throws(() => signJwsJson('', []), TypeError)
  const long = 'a'.repeat(jwsMaxLength)
  assert.match(outcome(long), /three segments/)
  assert.match(outcome(`${long}a`), /more than 1048576/)
  assert.match(outcome({ ...full, payload: `${long}a` }), /more than 1048576/)
})

test('headers that contradict each other, or the key, are a TypeError', () => {
  for (const request of [
    { key: signer, header: { alg: 'none' } },
    { key: signer, header: { crit: ['exp'] } },
    { key: signer, unprotected: { kid: 'x' } },
    { key: signer, header: { typ: 'a' }, unprotected: { typ: 'b' } },
  ]) {
    assert.throws(() => signJwsJson(payload, [request]), TypeError)
  }
  const binary = Buffer.of(0xff)
  assert.throws(() => signJwsJson(binary, [{ key: signer }], { unencoded: true }), TypeError)
})

interface CookbookExample {
  readonly input: {
    readonly payload: string
    readonly key: Jwk | readonly Jwk[]
    readonly alg: JwsAlgorithm | readonly JwsAlgorithm[]
  }
  readonly output: Readonly<Record<string, string | JsonObject>>
}

sharedTest('RFC 7520 cookbook: every form of every JWS verifies', ['jose', 'cookbook', 'jws'], (folder) => {
  for (const file of readdirSync(folder)) {
    const { input, output } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CookbookExample
    const algorithms = [input.alg].flat()
    const keys = ([input.key].flat() as readonly Jwk[]).map((jwk, index) =>
      importVerificationJwk({ ...jwk, alg: algorithms[index] ?? '' }, { path }),
    )
    const options = file.includes('detached') ? { detachedPayload: Buffer.from(input.payload) } : {}
    for (const [form, jws] of Object.entries(output)) {
      assert.equal(outcome(jws, options, keys), `${keys.length}: ${input.payload}`, `${file} ${form}`)
    }
  }
})
