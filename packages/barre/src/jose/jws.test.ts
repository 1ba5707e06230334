import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { encodeBase64url } from './base64url.ts'
import { importSigningKey, importVerificationKey } from './import-key.ts'
import { parseJws, signJws, tokenMaxLength, verifyJws } from './jws.ts'
import { kidMaxBytes } from './key.ts'
import type { DenialCode } from '../core/index.ts'

const pair = generateKeyPairSync('ed25519')
const signing = importSigningKey(pair.privateKey, { path: 'key', algorithm: 'EdDSA' })
const verification = importVerificationKey(pair.publicKey, { path: 'key' })

const good = await signJws({ typ: 'JWT' }, '{}', signing)
const [h, p, s] = good.split('.') as [string, string, string]
const signature = encodeBase64url(randomBytes(64))
const withHeader = (header: unknown) =>
  `${encodeBase64url(typeof header === 'string' ? header : JSON.stringify(header))}.${p}.${signature}`

const refused: readonly (readonly [string, string, DenialCode])[] = [
  ['nothing', '', 'malformed'],
  ['one segment', h, 'malformed'],
  ['two segments', `${h}.${p}`, 'malformed'],
  ['four segments', `${good}.${s}`, 'malformed'],
  ['five segments, as a JWE has', `${good}..`, 'malformed'],
  ['a trailing dot', `${good}.`, 'malformed'],
  ['padding', `${good}==`, 'malformed'],
  ['a leading space', ` ${good}`, 'malformed'],
  ['a trailing line break', `${good}\n`, 'malformed'],
  ['a space in the payload', `${h}. ${p}.${s}`, 'malformed'],
  [
    'stray bits at the end of the signature',
    `${h}.${p}.${s.slice(0, -1)}${s.endsWith('A') ? 'B' : 'R'}`,
    'malformed',
  ],
  ['the alphabet of base64', `${h}.${p}.++++`, 'malformed'],
  [
    'one character too many',
    `${h}.${p}.${'A'.repeat(tokenMaxLength - h.length - p.length - 1)}`,
    'malformed',
  ],
  ['an empty header', `.${p}.${s}`, 'invalid'],
  ['a header that is not JSON', withHeader('alg'), 'invalid'],
  ['a header that is a list', withHeader([]), 'invalid'],
  ['a header without alg', withHeader({ typ: 'JWT' }), 'invalid'],
  ['an alg that is not text', withHeader({ alg: ['EdDSA'] }), 'invalid'],
  ['a duplicate alg', withHeader('{"alg":"none","alg":"EdDSA"}'), 'invalid'],
  ['a duplicate alg behind an escape', withHeader('{"alg":"EdDSA","\\u0061lg":"none"}'), 'invalid'],
  ['an unknown crit', withHeader({ alg: 'EdDSA', crit: ['x'], x: 1 }), 'invalid'],
  ['an empty crit', withHeader({ alg: 'EdDSA', crit: [] }), 'invalid'],
  ['b64 in crit', withHeader({ alg: 'EdDSA', b64: false, crit: ['b64'] }), 'invalid'],
  ['b64 alone', withHeader({ alg: 'EdDSA', b64: false }), 'invalid'],
  ['a kid that is a number', withHeader({ alg: 'EdDSA', kid: 1 }), 'invalid'],
  ['a kid with a line break', withHeader({ alg: 'EdDSA', kid: 'a\nb' }), 'invalid'],
  ['a kid with a NUL', withHeader({ alg: 'EdDSA', kid: 'a\0' }), 'invalid'],
  ['a kid one byte too long', withHeader({ alg: 'EdDSA', kid: 'k'.repeat(kidMaxBytes + 1) }), 'invalid'],
  ['a kid too long in bytes', withHeader({ alg: 'EdDSA', kid: 'é'.repeat(kidMaxBytes / 2 + 1) }), 'invalid'],
  ['a typ that is not text', withHeader({ alg: 'EdDSA', typ: 1 }), 'invalid'],
]

for (const [what, token, code] of refused) {
  test(`refuses to read a token with ${what}`, () => {
    const result = parseJws(token)
    assert.equal(result.ok ? 'accepted' : result.denial.code, code)
    assert.ok(result.ok || token === '' || !result.denial.detail.includes(token), 'the detail holds no token')
  })
}

test('reads a kid and a token at their limits', () => {
  assert.ok(parseJws(withHeader({ alg: 'EdDSA', kid: 'k'.repeat(kidMaxBytes) })).ok)
  const room = tokenMaxLength - h.length - p.length - 2
  const padded = room % 4 === 1 ? `${h}.${p}e30.${'A'.repeat(room - 3)}` : `${h}.${p}.${'A'.repeat(room)}`
  assert.equal(padded.length, tokenMaxLength)
  assert.ok(parseJws(padded).ok)
})

const jwk = generateKeyPairSync('ed25519')
const unverified: readonly (readonly [string, string])[] = [
  ['alg none without a signature', `${encodeBase64url('{"alg":"none"}')}.${p}.`],
  ['alg None', withHeader({ alg: 'None' })],
  ['alg nOnE', withHeader({ alg: 'nOnE' })],
  ['alg NONE with a space', withHeader({ alg: 'NONE ' })],
  ['an empty alg', withHeader({ alg: '' })],
  ['alg in other letters', `${encodeBase64url('{"alg":"eddsa"}')}.${p}.${s}`],
  ['alg of another kind', withHeader({ alg: 'HS256' })],
  ['alg __proto__', withHeader('{"alg":"__proto__"}')],
  ['alg constructor', withHeader({ alg: 'constructor' })],
  ['an empty signature', `${h}.${p}.`],
  ['another payload', `${h}.${encodeBase64url('{"sub":"eve"}')}.${s}`],
  ['a foreign signature', `${h}.${p}.${signature}`],
  ['a key of its own in jwk', await withOwnKey({ jwk: jwk.publicKey.export({ format: 'jwk' }) })],
  ['a key address in jku', await withOwnKey({ jku: 'https://attacker.example/jwks' })],
  ['a certificate in x5c', await withOwnKey({ x5c: ['AAAA'] })],
  ['a certificate address in x5u', await withOwnKey({ x5u: 'https://attacker.example/x5' })],
]

async function withOwnKey(header: object): Promise<string> {
  return signJws({ ...header }, '{}', importSigningKey(jwk.privateKey, { path: 'key', algorithm: 'EdDSA' }))
}

for (const [what, token] of unverified) {
  test(`refuses to verify a token with ${what}`, () => {
    const parsed = parseJws(token)
    assert.ok(parsed.ok)
    const result = verifyJws(parsed.value, verification)
    assert.equal(!result.ok && result.denial.code, 'invalid')
  })
}

test('the header of a signed token has the algorithm and kid of the key, whatever is asked', async () => {
  const key = importSigningKey(pair.privateKey, { path: 'key', algorithm: 'Ed25519', kid: 'mine' })
  const parsed = parseJws(await signJws({ alg: 'none', kid: 'yours', typ: 'JWT' }, '{}', key))
  assert.ok(parsed.ok)
  assert.equal(JSON.stringify(parsed.value.header), '{"alg":"Ed25519","kid":"mine","typ":"JWT"}')
})

test('a header that is kept is the header of exactly that text', async () => {
  const first = parseJws(good)
  const second = parseJws(good)
  const other = parseJws(await signJws({ typ: 'at+jwt' }, '{}', signing))
  assert.ok(first.ok && second.ok && other.ok)
  assert.deepEqual(first.value.header, second.value.header)
  assert.equal(other.value.header.typ, 'at+jwt')
  assert.ok(Object.isFrozen(second.value.header))
})
