import assert from 'node:assert/strict'
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { sharedTest } from '../../../../tools/shared.ts'
import { createCa, issueCertificate } from '../../../../tools/test-ca.ts'
import { fakeServices } from '../../test/fake-services.ts'
import { ConfigError } from '../core/index.ts'
import { writePkcs12 } from '../crypto/keys/index.ts'
import { createIssuer } from './issuer.ts'
import { issuerShape } from './issuer-config.ts'
import { createValidator } from './validator.ts'
import { validatorShape } from './validator-config.ts'

const folder = mkdtempSync(join(tmpdir(), 'barre-stores-'))
after(() => rmSync(folder, { recursive: true }))

const ca = await createCa()
const issued = await issueCertificate({ ca, commonName: 'issuer', algorithm: 'RSA' })
const past = await issueCertificate({
  ca,
  commonName: 'past',
  notBefore: new Date('2020-01-01'),
  validDays: 1,
})
const certificates = [new X509Certificate(issued.cert), new X509Certificate(ca.cert)]
const storeOptions = { password: 'store', iterations: 10 }
const store = { path: join(folder, 'keys.p12'), password: 'store' }
writeFileSync(
  store.path,
  writePkcs12(
    [
      { alias: 'signing', privateKey: createPrivateKey(issued.key), certificates },
      { alias: 'bare', privateKey: createPrivateKey(issued.key), certificates: [] },
      { alias: 'past', certificates: [new X509Certificate(past.cert)] },
    ],
    storeOptions,
  ),
)
const services = fakeServices(() => certificates[0]!.validFromDate.getTime() + 60_000)

function issue(config: object, algorithm = 'RS256'): Promise<string> | string {
  const checked = issuerShape.check(
    { username: 'alice', audience: 'orders', signatureConfig: { algorithm, config } },
    'c',
  )
  return createIssuer(checked, services, 'c').issue()
}

async function validate(trustStoreConfig: object, token: string): Promise<string> {
  const config = validatorShape.check({ audience: 'orders', signatureConfig: { trustStoreConfig } }, 'c')
  const result = await createValidator(config, services, 'c').validate(token)
  return result.ok ? String(result.value['sub']) : result.denial.code
}

test('a token signed with the key of a store is verified with its certificate', async () => {
  const token = await issue({ keyStore: store, keyAlias: 'Signing', keyPassword: 'store' })
  assert.equal(await validate({ trustStore: store, certAlias: 'signing' }, token), 'alice')
  const changed = token.replace(/\.(.)/, (_, first: string) => (first === 'e' ? '.f' : '.e'))
  assert.notEqual(await validate({ trustStore: store, certAlias: 'signing' }, changed), 'alice')
})

const keyStore = { keyStore: store, keyAlias: 'signing', keyPassword: 'store' }
const trust = { trustStore: store, certAlias: 'signing' }
const at = { issuer: 'c.signatureConfig.config', validator: 'c.signatureConfig.trustStoreConfig' }
const refused: readonly (readonly [name: string, use: () => unknown, path: string, problem: RegExp])[] = [
  [
    'a wrong store password',
    () => issue({ ...keyStore, keyStore: { ...store, password: 'x' } }),
    `${at.issuer}.keyStore.password`,
    /password does not open the store/,
  ],
  [
    'a wrong key password',
    () => issue({ ...keyStore, keyPassword: 'x' }),
    at.issuer,
    /password does not open/,
  ],
  [
    'an absent alias',
    () => issue({ ...keyStore, keyAlias: 'x' }),
    at.issuer,
    /no alias x; it has signing, bare, past/,
  ],
  ['an alias without a key', () => issue({ ...keyStore, keyAlias: 'past' }), at.issuer, /no private key/],
  ['a key of another type', () => issue(keyStore, 'ES256'), at.issuer, /ES256/],
  [
    'an absent certificate alias',
    () => validate({ ...trust, certAlias: 'x' }, ''),
    `${at.validator}.certAlias`,
    /no alias x/,
  ],
  [
    'an alias without a certificate',
    () => validate({ ...trust, certAlias: 'bare' }, ''),
    `${at.validator}.certAlias`,
    /no certificate/,
  ],
  [
    'a certificate out of date',
    () => validate({ ...trust, certAlias: 'past' }, ''),
    `${at.validator}.certAlias`,
    /not valid now/,
  ],
]
for (const [name, use, path, problem] of refused) {
  test(`does not start with ${name}`, async () => {
    await assert.rejects(
      async () => use(),
      (error) => error instanceof ConfigError && error.path === path && problem.test(error.message),
    )
  })
}

sharedTest("Ballerina's own key store signs what its trust store verifies", ['ballerina'], async (data) => {
  const keys = {
    path: join(data, 'module-ballerina-crypto/ballerina/tests/resources/keyStore.p12'),
    password: 'ballerina',
  }
  const token = await issue({ keyStore: keys, keyAlias: 'ballerina', keyPassword: 'ballerina' })
  for (const path of [
    'module-ballerina-jwt/ballerina/tests/resources/keystore/ballerinaTruststore.p12',
    'module-ballerina-http/ballerina-tests/resources/certsandkeys/ballerinaTruststore.p12',
  ]) {
    const trustStore = { path: join(data, path), password: 'ballerina' }
    assert.equal(await validate({ trustStore, certAlias: 'ballerina' }, token), 'alice')
    assert.equal(await validate({ trustStore, certAlias: 'digicertassuredidrootca' }, token), 'invalid')
  }
})
