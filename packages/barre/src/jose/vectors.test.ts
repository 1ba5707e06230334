import { createSecretKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import assert from 'node:assert/strict'
import { sharedTest } from '../../../../tools/shared.ts'
import { fakeServices } from '../../test/fake-services.ts'
import { ConfigError, allowWeakSecret } from '../core/index.ts'
import { importSecret, importSigningKey, readVerificationJwk } from './import-key.ts'
import { importVerificationSet } from './import-jwk.ts'
import { readJws, verifySignatures } from './jws-json.ts'
import { selectKey } from './key-set.ts'
import { parseJws, signJws, verifyJws } from './jws.ts'
import { validatorShape } from './validator-config.ts'
import { createValidator } from './validator.ts'
import type { Logged } from '../../test/fake-services.ts'
import type { Jwk } from './jwk.ts'
import type { JwsAlgorithm } from './jws-algorithms.ts'
import type { VerificationKey } from './key.ts'

interface WycheproofGroup {
  readonly private: Jwk
  readonly public?: Jwk
  readonly tests: readonly { readonly tcId: number; readonly jws: string; readonly result: string }[]
}

/** The labels that we do not follow, each with the reason. */
const deviations: Readonly<Record<number, string>> = {
  346: 'labelled valid: the JWK says alg PS256, the token PS384; a key is bound to its algorithm',
  347: 'labelled valid: the JWK says alg ES521, which is not a registered algorithm',
  350: 'labelled valid: as 346',
  351: 'labelled valid: as 347',
  367: 'labelled invalid: the token is, byte for byte, that of 357, which is labelled valid',
  370: 'labelled invalid: as 367',
  372: 'labelled valid: a foreign character in the base64url of the header',
  373: 'labelled valid: a foreign character in the base64url of the payload',
}

sharedTest('Wycheproof JWS: as labelled, but for the deviations', ['jose', 'wycheproof'], (folder) => {
  const text = readFileSync(join(folder, 'json_web_signature_test.json'), 'utf8')
  const { testGroups, numberOfTests } = JSON.parse(text) as {
    readonly testGroups: readonly WycheproofGroup[]
    readonly numberOfTests: number
  }
  const tests = testGroups.flatMap((group) =>
    group.tests.map((member) => ({ ...member, jwk: group.public ?? group.private })),
  )
  assert.equal(tests.length, numberOfTests)
  const unlike = tests.filter(({ jws, jwk, result }) => verifies(jws, jwk) !== (result === 'valid'))
  assert.deepEqual(
    unlike.map(({ tcId }) => tcId),
    Object.keys(deviations).map(Number),
  )
})

function verifies(jws: string, jwk: Jwk): boolean {
  const key = toKey(jwk)
  const parsed = parseJws(jws)
  if (typeof key === 'string' || !parsed.ok) return false
  const found = selectKey([key], parsed.value.header)
  return found.ok && verifyJws(parsed.value, found.value).ok
}

function toKey(jwk: Jwk): VerificationKey | string {
  if (jwk.kty !== 'oct') return readVerificationJwk(jwk)
  const secret = Buffer.from(String(jwk['k']), 'base64url')
  const options = { path: 'k', algorithm: jwk.alg as JwsAlgorithm }
  return importSecret(secret, { ...options, ...(jwk.kid !== undefined && { kid: jwk.kid }) })
}

interface WycheproofSet {
  readonly private: { readonly keys: readonly Jwk[] }
  readonly public?: { readonly keys: readonly Jwk[] }
  readonly tests: readonly { readonly tcId: number; readonly jws: string; readonly result: string }[]
}

sharedTest('Wycheproof JWK: every test as labelled', ['jose', 'wycheproof'], (folder) => {
  const text = readFileSync(join(folder, 'json_web_key_test.json'), 'utf8')
  const { testGroups, numberOfTests } = JSON.parse(text) as {
    readonly testGroups: readonly WycheproofSet[]
    readonly numberOfTests: number
  }
  const tests = testGroups.flatMap((group) =>
    group.tests.map((member) => ({ ...member, set: group.public ?? group.private })),
  )
  assert.equal(tests.length, numberOfTests)
  const unlike = tests.filter(({ jws, set, result }) => setVerifies(jws, set) !== (result === 'valid'))
  assert.deepEqual(unlike, [])
})

function setVerifies(jws: string, set: unknown): boolean {
  const read = readJws(jws)
  try {
    return read.ok && verifySignatures(read.value, importVerificationSet(set, { path: 'set' }), 'all').ok
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return false
  }
}

interface CookbookExample {
  readonly input: { readonly payload: string; readonly key: Jwk }
  readonly output: { readonly compact: string }
  readonly signing: { readonly protected: object }
}

const cookbook: readonly (readonly [string, JwsAlgorithm])[] = [
  ['jws/4_1.rsa_v15_signature.json', 'RS256'],
  ['jws/4_2.rsa-pss_signature.json', 'PS384'],
  ['jws/4_3.ecdsa_signature.json', 'ES512'],
  ['jws/4_4.hmac-sha2_integrity_protection.json', 'HS256'],
  ['curve25519/jws.json', 'EdDSA'],
]

for (const [name, algorithm] of cookbook) {
  sharedTest(`RFC 7520 and RFC 8037 cookbook: ${name} verifies`, ['jose', 'cookbook', name], (file) => {
    const { input, output } = JSON.parse(readFileSync(file, 'utf8')) as CookbookExample
    const key = toKey({ ...withoutPrivate(input.key), alg: algorithm })
    const parsed = parseJws(output.compact)
    assert.ok(parsed.ok && typeof key !== 'string')
    assert.equal(parsed.value.header.alg, algorithm)
    assert.equal(parsed.value.payload.toString(), input.payload)
    assert.ok(verifyJws(parsed.value, key).ok)
  })
}

function withoutPrivate(jwk: Jwk): Jwk {
  const members = Object.entries(jwk).filter(([name]) => !['d', 'p', 'q', 'dp', 'dq', 'qi'].includes(name))
  return Object.fromEntries(members) as Jwk
}

sharedTest('RFC 7520 §4.4: signs the same bytes', ['jose', 'cookbook', cookbook[3]![0]], async (file) => {
  const { input, output, signing } = JSON.parse(readFileSync(file, 'utf8')) as CookbookExample
  const secret = createSecretKey(Buffer.from(String(input.key['k']), 'base64url'))
  const key = importSigningKey(secret, { path: 'k', algorithm: 'HS256' })
  assert.equal(
    await signJws(signing.protected as Record<string, unknown>, input.payload, key),
    output.compact,
  )
})

interface BallerinaToken {
  readonly name: string
  readonly header: { readonly alg: string }
  readonly payload: { readonly exp: number; readonly nbf?: number; readonly iss?: string }
  readonly verifiedWith?: string
  readonly jwt: string
}

/** The certificates of the tokens, by the name that the list gives them. */
const certificates: Readonly<Record<string, string>> = {
  'ballerina (public.crt 46637ce8)': 'module-ballerina-crypto/ballerina/tests/resources/public.crt',
  'wso2Public.crt e12d5088': 'module-ballerina-oauth2/ballerina/tests/resources/cert/wso2Public.crt',
}

const anyAudience = { audience: false, requireExp: false, clockSkew: 0 } as const

sharedTest(
  'the tokens of the Ballerina guides verify with their documented keys',
  ['ballerina'],
  async (folder) => {
    const tokens = JSON.parse(readFileSync(join(folder, 'jwt-strings.json'), 'utf8')) as BallerinaToken[]
    const verdicts: Record<string, number> = {}
    for (const token of tokens) {
      const verdict = await judge(token, folder)
      verdicts[verdict] = (verdicts[verdict] ?? 0) + 1
    }
    assert.deepEqual(verdicts, {
      'RS256 ok': 6,
      'RS384 ok': 1,
      'RS512 ok': 1,
      'HS256 with a weak secret ok': 1,
      'HS384 with a weak secret ok': 1,
      'HS512 with a weak secret ok': 1,
      'no known key': 1,
    })
  },
)

async function judge(token: BallerinaToken, folder: string): Promise<string> {
  const services = fakeServices(() => (token.payload.nbf ?? token.payload.exp - 1) * 1000)
  const certificate = certificates[token.verifiedWith ?? '']
  if (certificate !== undefined) {
    const signatureConfig = { certFile: join(folder, certificate) }
    const validator = createValidator({ ...anyAudience, signatureConfig }, services, 'config')
    const result = await validator.validate(token.jwt)
    return `${token.header.alg} ${result.ok ? 'ok' : result.denial.detail}`
  }
  const secret = /^HMAC secret "(.+)"$/.exec(token.verifiedWith ?? '')?.[1]
  if (secret === undefined) return 'no known key'
  assert.throws(
    () => createValidator({ ...anyAudience, signatureConfig: { secret } }, services, 'config'),
    ConfigError,
  )
  const weak = { ...anyAudience, signatureConfig: { secret, [allowWeakSecret]: true } }
  const result = await createValidator(validatorShape.check(weak, 'config'), services, 'config').validate(
    token.jwt,
  )
  return `${token.header.alg} with a weak secret ${result.ok ? 'ok' : result.denial.detail}`
}

sharedTest(
  'the STS key set: a padded modulus is read, the key for encryption is not',
  ['ballerina'],
  async (folder) => {
    const events: Logged[] = []
    const services = fakeServices(() => 1_900_000_000_000, events)
    const signatureConfig = { jwksConfig: { file: join(folder, 'sts-jwks.json') } }
    const config = { issuer: 'wso2', audience: 'ballerina', signatureConfig }
    const validator = createValidator(config, services, 'config')
    const tokens = JSON.parse(readFileSync(join(folder, 'jwt-strings.json'), 'utf8')) as BallerinaToken[]
    const article = tokens.filter(({ name }) => name === '#0' || name === '#2')
    assert.ok(article.length >= 2)
    for (const { jwt } of article) {
      const result = await validator.validate(jwt)
      assert.ok(result.ok, result.ok ? '' : result.denial.detail)
    }
    assert.equal(events.length, 1)
  },
)

sharedTest(
  'a certificate is refused at start and in use outside its validity',
  ['ballerina'],
  async (folder) => {
    let nowMs = Date.UTC(2030, 0)
    const services = fakeServices(() => nowMs)
    const certFile = join(folder, certificates['ballerina (public.crt 46637ce8)'] ?? '')
    const config = { ...anyAudience, signatureConfig: { certFile } }
    const privateKey = readFileSync(certFile.replace('public.crt', 'private.key'), 'utf8')
    const key = importSigningKey(privateKey, { path: 'key', algorithm: 'RS256' })
    const token = await signJws({}, '{"sub":"alice"}', key)
    const validator = createValidator(config, services, 'config')
    assert.ok((await validator.validate(token)).ok)
    for (const year of [2016, 2038]) {
      nowMs = Date.UTC(year, 0)
      const result = await validator.validate(token)
      assert.equal(!result.ok && result.denial.code, 'invalid')
      assert.throws(() => createValidator(config, services, 'config'), /validity period/)
    }
  },
)
