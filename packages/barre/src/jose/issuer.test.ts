import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import assert from 'node:assert/strict'
import { fakeServices } from '../../test/fake-services.ts'
import { ConfigError } from '../core/index.ts'
import { decodeJwt } from './claims.ts'
import { createIssuer } from './issuer.ts'
import { issuerShape } from './issuer-config.ts'
import { createJwt } from './jwt.ts'
import { kidMaxBytes } from './key.ts'
import type { IssuerConfig } from './issuer-config.ts'

const nowSeconds = 1_800_000_000
const services = fakeServices(() => nowSeconds * 1000 + 999)
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const secret = randomBytes(48).toString('base64')

const full: IssuerConfig = {
  issuer: 'wso2',
  username: 'alice',
  audience: ['orders', 'stock'],
  jwtId: 'j1',
  keyId: 'k1',
  customClaims: { scope: 'add_order', nested: { a: [1] } },
  signatureConfig: { config: rsa.privateKey },
}

function create(config: unknown) {
  return createIssuer(issuerShape.check(config, 'config'), services, 'config')
}

async function issued(config: unknown, options?: Parameters<ReturnType<typeof create>['issue']>[0]) {
  const token = await create(config).issue(options)
  const decoded = decodeJwt(token)
  assert.ok(decoded.ok)
  assert.equal(token.split('.').length, 3)
  return [JSON.stringify(decoded.value.header), JSON.stringify(decoded.value.payload)] as const
}

test('issues the claims in the order of the original, for 300 seconds and with RS256 by default', async () => {
  const [header, payload] = await issued(full)
  assert.equal(header, '{"alg":"RS256","typ":"JWT","kid":"k1"}')
  assert.equal(
    payload,
    `{"iss":"wso2","sub":"alice","aud":["orders","stock"],"jti":"j1","exp":${nowSeconds + 300},` +
      `"nbf":${nowSeconds},"iat":${nowSeconds},"scope":"add_order","nested":{"a":[1]}}`,
  )
  assert.equal(create(full).lifetimeSeconds, 300)
})

test('leaves out what is not configured', async () => {
  const [header, payload] = await issued({ expTime: 60, signatureConfig: { config: rsa.privateKey } })
  assert.equal(header, '{"alg":"RS256","typ":"JWT"}')
  assert.equal(payload, `{"exp":${nowSeconds + 60},"nbf":${nowSeconds},"iat":${nowSeconds}}`)
})

test('a call replaces subject, audience and claims for its token', async () => {
  const claims = { jti: 'j2', scope: 'read' }
  const [, payload] = await issued(full, { subject: 'bob', audience: 'stock', claims })
  assert.equal(
    payload,
    `{"iss":"wso2","sub":"bob","aud":"stock","jti":"j2","exp":${nowSeconds + 300},` +
      `"nbf":${nowSeconds},"iat":${nowSeconds},"scope":"read","nested":{"a":[1]}}`,
  )
  assert.throws(() => create(full).issue({ claims: { exp: 'never' } }), /exp is not a whole number/)
})

test('profile at+jwt shows in the header', async () => {
  const [header] = await issued({ ...full, profile: 'at+jwt' })
  assert.match(header, /"typ":"at\+jwt"/)
})

const folder = mkdtempSync(join(tmpdir(), 'barre-jose-'))
after(() => rmSync(folder, { recursive: true }))
const keyFile = join(folder, 'key.pem')
writeFileSync(
  keyFile,
  rsa.privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'pass' }),
)

test('what is issued, validates: key file, KeyObject and shared secret', async () => {
  const jwt = createJwt(services)
  const cases: readonly (readonly [IssuerConfig['signatureConfig'], object])[] = [
    [{ config: { keyFile, keyPassword: 'pass' } }, { certFile: rsa.publicKey }],
    [{ algorithm: 'PS512', config: rsa.privateKey }, { certFile: rsa.publicKey }],
    [{ algorithm: 'ES256', config: ec.privateKey }, { certFile: ec.publicKey }],
    [{ algorithm: 'HS384', config: secret }, { secret }],
  ]
  for (const [signatureConfig, keys] of cases) {
    const config = { issuer: 'wso2', audience: 'stock', signatureConfig: keys }
    const token = await jwt.issue({ ...full, signatureConfig })
    const [first, again] = [await jwt.validate(token, config), await jwt.validate(token, config)]
    assert.ok(first.ok && again.ok)
    assert.equal(first.value.sub, 'alice')
    assert.ok(jwt.decode(token).ok)
  }
})

test('a configuration object is compiled once', async () => {
  let reads = 0
  const config: IssuerConfig = {
    ...full,
    get issuer() {
      reads++
      return 'wso2'
    },
  }
  const jwt = createJwt(services)
  await jwt.issue(config)
  const readsForFirst = reads
  await jwt.issue(config)
  assert.equal(reads, readsForFirst)
})

const key = 'config.signatureConfig.config'
const keyStore = { keyStore: { path: 'a', password: 'b' }, keyAlias: 'c', keyPassword: 'd' }
const configs: readonly (readonly [string, object, string, RegExp])[] = [
  ['no signatureConfig', { signatureConfig: undefined }, 'config.signatureConfig', /required/],
  [
    'algorithm none',
    { signatureConfig: { algorithm: 'none', config: secret } },
    'config.signatureConfig.algorithm',
    /expected/,
  ],
  ['a secret for RS256', { signatureConfig: { config: secret } }, key, /set algorithm: 'HS256'/],
  [
    'a key for HS256',
    { signatureConfig: { algorithm: 'HS256', config: rsa.privateKey } },
    key,
    /shared secret/,
  ],
  ['a public key', { signatureConfig: { config: rsa.publicKey } }, key, /private key/],
  ['a key of another type', { signatureConfig: { config: ec.privateKey } }, key, /RS256/],
  ['a weak secret', { signatureConfig: { algorithm: 'HS256', config: 's3cr3t' } }, key, /6 bytes/],
  ['an absent key store', { signatureConfig: { config: keyStore } }, `${key}.keyStore.path`, /ENOENT/],
  ['a missing file', { signatureConfig: { config: { keyFile: '/nowhere' } } }, `${key}.keyFile`, /ENOENT/],
  ['a wrong password', { signatureConfig: { config: { keyFile, keyPassword: 'x' } } }, key, /password/],
  ['a long kid', { keyId: 'k'.repeat(kidMaxBytes + 1) }, 'config.keyId', /256/],
  ['a lifetime of 0', { expTime: 0 }, 'config.expTime', /from 1/],
  ['a claim of a wrong type', { customClaims: { exp: 'never' } }, 'config.customClaims', /exp/],
]

for (const [what, change, path, problem] of configs) {
  test(`does not start with ${what}`, () => {
    assert.throws(
      () => create({ ...full, ...change }),
      (error) => error instanceof ConfigError && error.path === path && problem.test(error.message),
    )
  })
}
