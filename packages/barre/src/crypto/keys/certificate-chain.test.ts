import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createCa, issueCertificate } from '../../../../../tools/test-ca.ts'
import { sharedTest } from '../../../../../tools/shared.ts'
import { readCertificate, readCertificates } from './certificate.ts'
import { checkChain, checkValidity } from './certificate-chain.ts'
import { chainMax } from './key-store.ts'

const dayMs = 86_400_000
const root = await createCa({ commonName: 'root' })
const middle = await createCa({ commonName: 'middle', ca: root })
const issued = await issueCertificate({ commonName: 'leaf', ca: middle, validDays: 2, usages: ['server'] })
const stranger = await createCa({ commonName: 'root' })
const [rootCertificate, middleCertificate, leaf, strangerCertificate] = [root, middle, issued, stranger].map(
  ({ cert }) => new X509Certificate(cert),
) as [X509Certificate, X509Certificate, X509Certificate, X509Certificate]
const belowLeaf = new X509Certificate((await issueCertificate({ commonName: 'x', ca: issued })).cert)
const nowMs = leaf.validFromDate.getTime() + dayMs
const chain = [leaf, middleCertificate]
const trusted = [rootCertificate]

test('a chain up to a trusted root holds, whatever the order of its issuers', () => {
  const unrelated = [leaf, strangerCertificate, middleCertificate]
  for (const certificates of [chain, [...chain, rootCertificate], unrelated]) {
    const result = checkChain(certificates, { trusted, nowMs, purpose: 'server' })
    assert.ok(result.ok)
    assert.deepEqual(result.value, [leaf, middleCertificate, rootCertificate])
  }
})

test('a leaf that is trusted itself needs no issuer', () => {
  assert.ok(checkChain([leaf], { trusted: [leaf], nowMs }).ok)
})

const { validFromDate, validToDate } = leaf
const damagedBytes = Buffer.from(leaf.raw)
damagedBytes[damagedBytes.length - 1]! ^= 1
const refused: readonly (readonly [string, Parameters<typeof checkChain>, string])[] = [
  ['nothing', [[], { trusted, nowMs }], 'missing'],
  ['a missing issuer', [[leaf], { trusted, nowMs }], 'invalid'],
  ['nobody to trust', [chain, { trusted: [], nowMs }], 'invalid'],
  ['a stranger of the same name', [chain, { trusted: [strangerCertificate], nowMs }], 'invalid'],
  ['another purpose', [chain, { trusted, nowMs, purpose: 'client' }], 'invalid'],
  ['an issuer that is no CA', [[belowLeaf, leaf, middleCertificate], { trusted, nowMs }], 'invalid'],
  [
    'a changed signature',
    [[readCertificate(damagedBytes), middleCertificate], { trusted, nowMs }],
    'invalid',
  ],
  ['a time before', [chain, { trusted, nowMs: validFromDate.getTime() - 1 }], 'expired'],
  ['the first moment after', [chain, { trusted, nowMs: validToDate.getTime() }], 'expired'],
  [
    'a certificate too many',
    [[leaf, ...Array.from({ length: chainMax }, () => rootCertificate)], { trusted, nowMs }],
    'invalid',
  ],
]
for (const [name, [certificates, options], code] of refused) {
  test(`refuses ${name}`, () => {
    const result = checkChain(certificates, options)
    assert.ok(!result.ok)
    assert.equal(result.denial.code, code)
  })
}

test('a chain of the greatest length is looked at', () => {
  const certificates = [
    leaf,
    middleCertificate,
    ...Array.from({ length: chainMax - 2 }, () => rootCertificate),
  ]
  assert.ok(checkChain(certificates, { trusted, nowMs }).ok)
})

test('a certificate is valid from its first moment to the one before its last', () => {
  assert.ok(checkValidity(leaf, validFromDate.getTime()).ok)
  assert.ok(checkValidity(leaf, validToDate.getTime() - 1).ok)
})

// What the data folder's own page says of its chains.
const folders: readonly (readonly [folder: string, leaf: string, verdict: RegExp | 'holds'])[] = [
  ['ballerina-security/guides/resources/keys-certs/avix-keys-certs/cert', 'server.crt', 'holds'],
  ['ballerina-security/guides/resources/keys-certs/avix-keys-certs/cert', 'client.crt', 'holds'],
  ['module-ballerinax-nats/ballerina-tests/tests/certs', 'client.crt', 'holds'],
  ['module-ballerinax-nats/ballerina-tests/tests/certs', 'server.crt', /algorithm that is broken/],
  ['module-ballerinax-stan/ballerina/tests/certs', 'client.crt', 'holds'],
  ['module-ballerinax-stan/ballerina/tests/certs', 'server.crt', /algorithm that is broken/],
  [
    'module-ballerinax-rabbitmq/ballerina/tests/server/certs',
    'server.crt',
    /no trusted certificate|algorithm that is broken/,
  ],
]
for (const [folder, name, verdict] of folders) {
  sharedTest(`${folder}/${name}: ${verdict}`, ['ballerina', ...folder.split('/')], (path) => {
    const [anchor, certificate] = ['ca.crt', name].map(
      (file) => readCertificates(readFileSync(join(path, file)))[0],
    )
    assert.ok(anchor && certificate)
    const result = checkChain([certificate], { trusted: [anchor], nowMs: Date.UTC(2026, 10, 21) })
    if (verdict === 'holds') assert.ok(result.ok, result.ok ? '' : result.denial.detail)
    else assert.match(result.ok ? 'holds' : result.denial.detail, verdict)
  })
}

const times: readonly (readonly [path: string, ok: boolean])[] = [
  ['module-ballerina-jwt/ballerina/tests/resources/cert/invalidPublic.crt', false],
  ['module-ballerina-oauth2/ballerina/tests/resources/cert/wso2Public.crt', false],
  ['module-ballerina-crypto/ballerina/tests/resources/mldsa-cert.crt', false],
  ['module-ballerina-crypto/ballerina/tests/resources/ec-cert.crt', false],
  ['module-ballerina-grpc/ballerina-tests/tests/resources/public2.crt', false],
  ['ballerina-security/examples/email/resources/cert/server.crt', false],
  ['module-ballerina-websubhub/ballerina/tests/resources/ca_cert.pem', false],
  ['module-ballerina-crypto/ballerina/tests/resources/mlkem-cert.crt', true],
  ['module-ballerina-crypto/ballerina/tests/resources/public.crt', true],
  ['module-ballerina-http/ballerina-tests/resources/certsandkeys/public.crt', true],
]
for (const [path, valid] of times) {
  sharedTest(
    `${path} is ${valid ? '' : 'not '}valid in November 2026`,
    ['ballerina', ...path.split('/')],
    (file) => {
      const [certificate] = readCertificates(readFileSync(file))
      assert.ok(certificate)
      const result = checkValidity(certificate, Date.UTC(2026, 10, 21))
      assert.equal(result.ok || result.denial.code, valid || 'expired')
    },
  )
}
