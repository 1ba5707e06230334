import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import assert from 'node:assert/strict'
import { fakeServices } from '../../test/fake-services.ts'
import { ConfigError, Secret, allowWeakSecret } from '../core/index.ts'
import { encodeBase64url } from './base64url.ts'
import { importSigningKey } from './import-key.ts'
import { signJws } from './jws.ts'
import { jwksMaxBytes } from './signature-source.ts'
import { clockSkewMaxSeconds, validatorShape } from './validator-config.ts'
import { createValidator } from './validator.ts'
import type { DenialCode } from '../core/index.ts'
import type { Jwk } from './jwk.ts'
import type { ValidatorConfig } from './validator-config.ts'

const nowSeconds = 1_800_000_000
const services = fakeServices(() => nowSeconds * 1000)
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const signing = importSigningKey(pair.privateKey, { path: 'key', algorithm: 'ES256', kid: 'one' })
const base: ValidatorConfig = {
  issuer: 'https://issuer.example/',
  audience: 'orders',
  signatureConfig: { certFile: pair.publicKey },
}
const claims = {
  iss: base.issuer,
  sub: 'alice',
  aud: ['orders', 'stock'],
  exp: nowSeconds + 60,
  iat: nowSeconds,
  jti: 'j1',
  client_id: 'orders-ui',
}

function create(config: unknown = base) {
  return createValidator(validatorShape.check(config, 'config'), services, 'config')
}

async function verdict(payload: unknown, config: Partial<ValidatorConfig> = {}, header: object = {}) {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
  const token = await signJws({ typ: 'JWT', ...header }, text, signing)
  const result = await create({ ...base, ...config }).validate(token)
  return result.ok ? 'ok' : result.denial.code
}

type Verdict = DenialCode | 'ok'
const payloads: readonly (readonly [string, unknown, Verdict, Partial<ValidatorConfig>?])[] = [
  ['all as configured', claims, 'ok'],
  ['a payload that is not JSON', 'plain', 'invalid'],
  ['a payload that is a token again', await signJws({ typ: 'JWT' }, '{}', signing), 'invalid'],
  ['a payload that is a list', [claims], 'invalid'],
  ['a duplicate claim', `{"sub":"eve",${JSON.stringify(claims).slice(1)}`, 'invalid'],
  [
    'a claim named __proto__',
    `{"__proto__":{"aud":"orders"},"iss":"${base.issuer}","exp":${claims.exp}}`,
    'invalid',
  ],
  ['no iss', { ...claims, iss: undefined }, 'invalid'],
  ['another iss', { ...claims, iss: 'https://other.example/' }, 'invalid'],
  ['an iss without the trailing slash', { ...claims, iss: 'https://issuer.example' }, 'invalid'],
  ['an iss in capitals', { ...claims, iss: 'https://ISSUER.example/' }, 'invalid'],
  ['an iss with a look-alike letter', { ...claims, iss: 'https://іssuer.example/' }, 'invalid'],
  ['an iss in a list', { ...claims, iss: [base.issuer] }, 'invalid'],
  ['no aud', { ...claims, aud: undefined }, 'invalid'],
  ['no aud where any will do', { ...claims, aud: undefined }, 'ok', { audience: false }],
  ['another aud', { ...claims, aud: 'stock' }, 'invalid'],
  ['an aud that contains ours', { ...claims, aud: 'orders-internal' }, 'invalid'],
  ['an aud that is part of ours', { ...claims, aud: 'order' }, 'invalid'],
  ['an aud as text', { ...claims, aud: 'orders' }, 'ok'],
  ['an aud with a number', { ...claims, aud: ['orders', 1] }, 'invalid'],
  ['an aud as a record', { ...claims, aud: { orders: true } }, 'invalid'],
  ['an empty aud', { ...claims, aud: [] }, 'invalid'],
  ['one of several names of ours', { ...claims, aud: 'stock' }, 'ok', { audience: ['orders', 'stock'] }],
  ['no exp', { ...claims, exp: undefined }, 'invalid'],
  ['no exp where it need not be', { ...claims, exp: undefined }, 'ok', { requireExp: false }],
  ['exp null', { ...claims, exp: null }, 'invalid', { requireExp: false }],
  ['exp as text', { ...claims, exp: String(claims.exp) }, 'invalid'],
  ['exp with a fraction', { ...claims, exp: claims.exp + 0.5 }, 'invalid'],
  ['exp 1e308', { ...claims, exp: 1e308 }, 'invalid'],
  ['exp beyond the safe integers', { ...claims, exp: 2 ** 53 }, 'invalid'],
  ['exp NaN', JSON.stringify(claims).replace(String(claims.exp), 'NaN'), 'invalid'],
  ['exp 1e999', JSON.stringify(claims).replace(String(claims.exp), '1e999'), 'invalid'],
  ['exp negative', { ...claims, exp: -1 }, 'invalid'],
  ['exp 0', { ...claims, exp: 0 }, 'expired'],
  ['exp a second inside the skew', { ...claims, exp: nowSeconds - 9 }, 'ok'],
  ['exp at the end of the skew', { ...claims, exp: nowSeconds - 10 }, 'expired'],
  ['exp now, without skew', { ...claims, exp: nowSeconds }, 'expired', { clockSkew: 0 }],
  ['exp next second, without skew', { ...claims, exp: nowSeconds + 1 }, 'ok', { clockSkew: 0 }],
  ['nbf at the end of the skew', { ...claims, nbf: nowSeconds + 10 }, 'ok'],
  ['nbf past the skew', { ...claims, nbf: nowSeconds + 11 }, 'invalid'],
  ['nbf as text', { ...claims, nbf: '0' }, 'invalid'],
  ['iat at the end of the skew', { ...claims, iat: nowSeconds + 10 }, 'ok'],
  ['iat past the skew', { ...claims, iat: nowSeconds + 11 }, 'invalid'],
  ['iat as text', { ...claims, iat: '0' }, 'invalid'],
  ['the longest lifetime', claims, 'ok', { maxTokenLifetimeSeconds: 60 }],
  ['one second more than the longest lifetime', claims, 'invalid', { maxTokenLifetimeSeconds: 59 }],
  [
    'no iat under a longest lifetime',
    { ...claims, iat: undefined },
    'invalid',
    { maxTokenLifetimeSeconds: 60 },
  ],
  ['the configured sub', claims, 'ok', { username: 'alice' }],
  ['another sub', claims, 'invalid', { username: 'bob' }],
  ['a sub that is not text', { ...claims, sub: 1 }, 'invalid'],
  ['the configured jti', claims, 'ok', { jwtId: 'j1' }],
  ['another jti', claims, 'invalid', { jwtId: 'j2' }],
  ['the configured kid', claims, 'ok', { keyId: 'one' }],
  ['another kid', claims, 'invalid', { keyId: 'two' }],
  ['a custom claim as configured', { ...claims, a: { b: [1] } }, 'ok', { customClaims: { a: { b: [1] } } }],
  ['another custom claim', { ...claims, a: { b: [2] } }, 'invalid', { customClaims: { a: { b: [1] } } }],
  ['a custom claim of another type', { ...claims, a: '1' }, 'invalid', { customClaims: { a: 1 } }],
  ['no custom claim', claims, 'invalid', { customClaims: { a: 1 } }],
  ['an inherited name as custom claim', claims, 'invalid', { customClaims: { toString: 'x' } }],
  [
    'another iss, with ours as custom claim',
    claims,
    'invalid',
    { issuer: 'x', customClaims: { iss: base.issuer } },
  ],
  ['an algorithm that is accepted', claims, 'ok', { algorithms: ['ES256', 'RS256'] }],
  ['an algorithm that is not accepted', claims, 'invalid', { algorithms: ['RS256'] }],
]

for (const [what, payload, expected, config] of payloads) {
  test(`${expected}: ${what}`, async () => assert.equal(await verdict(payload, config), expected))
}

test('no character of a token can be changed', async () => {
  const validator = create()
  const token = await signJws({}, JSON.stringify(claims), signing)
  for (let index = 0; index < token.length; index++) {
    for (const other of ['A', 'B', '.', '=', '\u00C1'].filter((character) => character !== token[index])) {
      const result = await validator.validate(token.slice(0, index) + other + token.slice(index + 1))
      const codes: readonly DenialCode[] = ['malformed', 'invalid', 'expired']
      assert.ok(!result.ok && codes.includes(result.denial.code), `${index} ${other}`)
    }
  }
})

const types: readonly (readonly [unknown, Verdict, Verdict])[] = [
  [undefined, 'ok', 'invalid'],
  ['JWT', 'ok', 'invalid'],
  ['jwt', 'ok', 'invalid'],
  ['at+jwt', 'ok', 'ok'],
  ['AT+JWT', 'ok', 'ok'],
  ['application/at+jwt', 'ok', 'ok'],
  ['dpop+jwt', 'invalid', 'invalid'],
  ['logout+jwt', 'invalid', 'invalid'],
  ['token-introspection+jwt', 'invalid', 'invalid'],
  ['', 'invalid', 'invalid'],
  [1, 'invalid', 'invalid'],
]

for (const [typ, byDefault, strict] of types) {
  test(`typ ${String(typ)}: ${byDefault}, under profile at+jwt ${strict}`, async () => {
    assert.equal(await verdict(claims, {}, { typ }), byDefault)
    assert.equal(await verdict(claims, { profile: 'at+jwt' }, { typ }), strict)
  })
}

test('judges claims before it touches keys', async () => {
  const unreachable = { ...base, signatureConfig: { jwksConfig: { jwks: { keys: [toJwk('other')] } } } }
  const token = await signJws({}, JSON.stringify({ ...claims, exp: 0 }), signing)
  const result = await create(unreachable).validate(token)
  assert.equal(!result.ok && result.denial.code, 'expired')
})

test('gives claims that nobody can change', async () => {
  const result = await create().validate(await signJws({}, JSON.stringify(claims), signing))
  assert.ok(result.ok)
  assert.ok(Object.isFrozen(result.value) && Object.isFrozen(result.value.aud))
  assert.equal(Object.getPrototypeOf(result.value), null)
})

function toJwk(kid: string): Jwk {
  return { ...(pair.publicKey.export({ format: 'jwk' }) as Jwk), kid }
}

const folder = mkdtempSync(join(tmpdir(), 'barre-jose-'))
after(() => rmSync(folder, { recursive: true }))
function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}
const spki = pair.publicKey.export({ format: 'pem', type: 'spki' }).toString()
const set = JSON.stringify({ keys: [toJwk('one')] })

const sources: readonly (readonly [string, ValidatorConfig['signatureConfig']])[] = [
  ['a public KeyObject', { certFile: pair.publicKey }],
  ['a PEM file', { certFile: file('key.pem', spki) }],
  ['a JWKS file', { jwksConfig: { file: file('set.json', set) } }],
  ['a JWKS at hand', { jwksConfig: { jwks: { keys: [toJwk('zero'), toJwk('one')] } } }],
]

for (const [what, signatureConfig] of sources) {
  test(`verifies with ${what}`, async () => {
    assert.equal(await verdict(claims, { signatureConfig }), 'ok')
    assert.equal(await verdict({ ...claims, sub: 'x'.repeat(9000) }, { signatureConfig }), 'ok')
    const token = await signJws({}, JSON.stringify(claims), signing)
    const other = token.slice(0, -86) + 'A'.repeat(86)
    const result = await create({ ...base, signatureConfig }).validate(other)
    assert.equal(!result.ok && result.denial.code, 'invalid')
  })
}

test('a shared secret verifies its own algorithms only', async () => {
  const secret = randomBytes(32).toString('base64')
  const validator = create({ ...base, signatureConfig: { secret: new Secret(secret) } })
  const key = importSigningKey(secret, { path: 'key', algorithm: 'HS256' })
  assert.ok((await validator.validate(await signJws({}, JSON.stringify(claims), key))).ok)
  assert.equal((await validator.validate(await signJws({}, JSON.stringify(claims), signing))).ok, false)
  assert.ok(validator.ready())
  await validator.close()
})

test('a token that is signed with the public key as secret is refused', async () => {
  const input = ['{"alg":"HS256"}', JSON.stringify(claims)].map(encodeBase64url).join('.')
  const forged = `${input}.${createHmac('sha256', spki).update(input).digest('base64url')}`
  const result = await create({ ...base, signatureConfig: { certFile: file('public.pem', spki) } }).validate(
    forged,
  )
  assert.equal(!result.ok && result.denial.code, 'invalid')
})

const configs: readonly (readonly [string, unknown, string, RegExp])[] = [
  ['no audience', { ...base, audience: undefined }, 'config.audience', /required/],
  ['an empty list of audiences', { ...base, audience: [] }, 'config.audience', /at least 1/],
  ['audience true', { ...base, audience: true }, 'config.audience', /expected/],
  ['no signatureConfig', { ...base, signatureConfig: undefined }, 'config.signatureConfig', /required/],
  [
    'no way to check a signature',
    { ...base, signatureConfig: {} },
    'config.signatureConfig',
    /no way to check/,
  ],
  [
    'two ways to check a signature',
    { ...base, signatureConfig: { secret: 'x', certFile: 'y' } },
    'config.signatureConfig',
    /certFile and secret/,
  ],
  ['an unknown field', { ...base, issuers: [] }, 'config.issuers', /unknown field/],
  ['an algorithm none', { ...base, algorithms: ['none'] }, 'config.algorithms[0]', /expected/],
  ['too much skew', { ...base, clockSkew: clockSkewMaxSeconds + 1 }, 'config.clockSkew', /300/],
  ['negative skew', { ...base, clockSkew: -1 }, 'config.clockSkew', /from 0/],
  [
    'an absent trust store',
    {
      ...base,
      signatureConfig: { trustStoreConfig: { trustStore: { path: 'a', password: 'b' }, certAlias: 'c' } },
    },
    'config.signatureConfig.trustStoreConfig.trustStore.path',
    /ENOENT/,
  ],
  [
    'a file that is not there',
    { ...base, signatureConfig: { certFile: join(folder, 'absent.pem') } },
    'config.signatureConfig.certFile',
    /ENOENT/,
  ],
  [
    'a private key in place of a public one',
    { ...base, signatureConfig: { certFile: pair.privateKey } },
    'config.signatureConfig.certFile',
    /private/,
  ],
  [
    'a JWKS file with a duplicate member',
    { ...base, signatureConfig: { jwksConfig: { file: file('twice.json', `{"keys":[],${set.slice(1)}`) } } },
    'config.signatureConfig.jwksConfig.file',
    /duplicate/,
  ],
  [
    'a JWKS file one byte too large',
    { ...base, signatureConfig: { jwksConfig: { file: file('large.json', set.padEnd(jwksMaxBytes + 1)) } } },
    'config.signatureConfig.jwksConfig.file',
    /larger/,
  ],
  [
    'no place for the key set',
    { ...base, signatureConfig: { jwksConfig: {} } },
    'config.signatureConfig.jwksConfig',
    /url, file, jwks/,
  ],
  [
    'a short secret',
    { ...base, signatureConfig: { secret: 's3cr3t' } },
    'config.signatureConfig.secret',
    /6 bytes/,
  ],
  [
    'a public key as secret',
    { ...base, signatureConfig: { secret: spki, [allowWeakSecret]: true } },
    'config.signatureConfig.secret',
    /not a shared secret/,
  ],
]

for (const [what, config, path, problem] of configs) {
  test(`does not start with ${what}`, () => {
    assert.throws(
      () => create(config),
      (error) => error instanceof ConfigError && error.path === path && problem.test(error.message),
    )
  })
}

test('reads a JWKS file at the limit of size, and takes the most skew', () => {
  const jwksConfig = { file: file('limit.json', set.padEnd(jwksMaxBytes)) }
  assert.ok(create({ ...base, clockSkew: clockSkewMaxSeconds, signatureConfig: { jwksConfig } }).ready())
})
