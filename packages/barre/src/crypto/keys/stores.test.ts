import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sharedTest } from '../../../../../tools/shared.ts'
import { publicKeyOf, readCertificates } from './certificate.ts'
import { openKeyStore } from './open-key-store.ts'
import { readPrivateKey } from './private-key.ts'
import { readPublicKey } from './public-key.ts'
import type { KeyStore } from './key-store.ts'

interface Entries {
  readonly keys?: readonly string[]
  readonly certificates?: readonly string[]
  readonly entries?: number
}

/** What the folder's own page says of a file: `path`, password, and what is in it or why it does not open. */
type Row = readonly [path: string, password: string, outcome: Outcome]
type Outcome =
  | Entries
  | { readonly key: string }
  | { readonly subject: string | undefined; readonly type: string }
  | { readonly code: string }
  | 'not a key or certificate'

const avix = 'ballerina-security/guides/resources/keys-certs/avix-keys-certs'
const wso2 = 'ballerina-security/guides/resources/keys-certs/wso2-keys-certs'
const old = 'ballerina-lang-0.990.4/stdlib/crypto/src/test/resources/datafiles'
const crypto = 'module-ballerina-crypto/ballerina/tests/resources'
const ftp = 'module-ballerina-ftp/ballerina/tests/resources'
const simple = 'module-ballerina-http/native/src/test/resources/simple-test-config'
const http = 'module-ballerina-http/ballerina-tests/resources/certsandkeys'
const grpc = 'module-ballerina-grpc/ballerina-tests/tests/resources'
const websub = 'module-ballerina-websub/ballerina/tests/resources'
const hub = 'module-ballerina-websubhub/ballerina/tests/resources'
const kafkaHub = 'module-ballerina-websubhub/examples/kafka-hub/hub/resources'
const kafka = 'module-ballerinax-kafka/ballerina/tests/resources/secrets'
const nats = 'module-ballerinax-nats/ballerina-tests/tests/certs'
const stan = 'module-ballerinax-stan/ballerina/tests/certs'
const rabbitmq = 'module-ballerinax-rabbitmq/ballerina/tests/server/certs'
const integration = 'ballerina-lang-0.990.4/tests/ballerina-integration-test/src/test/resources/auth'

const wrong = { code: 'wrong_password' } as const
const rsa2048 = { key: 'rsa 2048' } as const
const rsa4096 = { key: 'rsa 4096' } as const
const localhost = { subject: 'localhost', type: 'rsa' } as const
const notOurs = 'not a key or certificate'

const rows: readonly Row[] = [
  [`${integration}/testtruststore.p12`, 'ballerina', { keys: ['keypair'], certificates: ['cert'] }],
  [`${avix}/keystore/keystore.p12`, 'ballerina', { keys: ['client', 'server'] }],
  [`${avix}/keystore/truststore.p12`, 'ballerina', { certificates: ['ca', 'client', 'server'] }],
  [`${wso2}/wso2Keystore.jks`, 'wso2carbon', { entries: 88 }],
  [`${wso2}/wso2Truststore.jks`, 'wso2carbon', { entries: 84 }],
  [`${crypto}/keyStore.p12`, 'ballerina', { keys: ['ballerina'] }],
  [`${crypto}/ec-keystore.pkcs12`, 'ballerina', { keys: ['ec-keypair'] }],
  [`${crypto}/mldsa-keystore.pkcs12`, 'ballerina', { keys: ['mldsa-keypair'] }],
  [`${crypto}/mlkem-keystore.pkcs12`, 'ballerina', { keys: ['issuer', 'mlkem-keypair'] }],
  [`${ftp}/keystore.jks`, 'changeit', { keys: ['1'] }],
  [`${http}/ballerinaTruststore.p12`, 'ballerina', { entries: 98 }],
  [`${simple}/cacerts.p12`, 'cacertspassword', { keys: ['1'] }],
  [`${simple}/localcrt.p12`, 'localpwd', { keys: ['1'] }],
  [`${simple}/client-truststore.p12`, 'ballerina', { certificates: ['ballerina'] }],
  [`${simple}/client-truststore.jks`, 'wso2carbon', { entries: 94 }],
  [`${simple}/wso2carbon.jks`, 'wso2carbon', { entries: 38 }],
  [
    'module-ballerina-jwt/ballerina/tests/resources/keystore/ballerinaTruststore.p12',
    'ballerina',
    { entries: 95 },
  ],
  [`${websub}/ballerinaKeystore.p12`, 'ballerina', { keys: ['keystore'] }],
  [`${websub}/ballerinaTruststore.p12`, 'ballerina', { keys: ['truststore'], certificates: ['server'] }],
  [`${kafkaHub}/client-truststore.jks`, 'wso2carbon', { entries: 84 }],
  [
    `${kafka}/incorrecttrustoresandkeystores/kafka.client.keystore.jks`,
    'password',
    { keys: ['client'], certificates: ['CARoot'] },
  ],
  [
    `${kafka}/incorrecttrustoresandkeystores/kafka.client.truststore.jks`,
    'password',
    { certificates: ['CARoot'] },
  ],
  [
    `${kafka}/trustoresandkeystores/kafka.broker.keystore.jks`,
    'password',
    { keys: ['broker'], certificates: ['CARoot'] },
  ],
  [
    `${kafka}/trustoresandkeystores/kafka.broker.truststore.jks`,
    'password',
    { certificates: ['CARoot', 'clientCert'] },
  ],
  [
    `${kafka}/trustoresandkeystores/kafka.client.keystore.jks`,
    'password',
    { keys: ['client'], certificates: ['CARoot'] },
  ],
  [`${kafka}/trustoresandkeystores/kafka.client.truststore.jks`, 'password', { certificates: ['CARoot'] }],
  [`${nats}/keystore.jks`, 'password', { keys: ['1'] }],
  [`${nats}/truststore.jks`, 'password', { certificates: ['mykey'] }],
  [`${stan}/keystore.jks`, 'password', { keys: ['1'] }],
  [`${stan}/truststore.jks`, 'password', { certificates: ['mykey'] }],
  [`${rabbitmq}/keystore.p12`, 'password', { keys: ['1'] }],
  [`${rabbitmq}/truststore.p12`, 'password', { certificates: ['mykey'] }],

  // The password is not known to anybody: the page says which were tried.
  [`${old}/encryptedPrivate.key`, 'ballerina', wrong],
  [`${old}/encryptedPrivate.key`, 'wso2carbon', wrong],
  [`${old}/private.key`, '', { key: 'rsa 1024' }],
  ['ballerina-security/bbes/general/resources/encryptedPrivate.key', 'ballerina', rsa2048],
  [`${avix}/key/ca.key`, '', rsa2048],
  [`${avix}/key/client.key`, '', rsa2048],
  [`${avix}/key/server.key`, '', rsa2048],
  [`${wso2}/wso2EncryptedPrivate.key`, 'wso2carbon', rsa2048],
  [`${wso2}/wso2EncryptedPrivate.key`, 'ballerina', wrong],
  [`${wso2}/wso2Private.key`, '', rsa2048],
  [`${crypto}/ec-key.pem`, '', { key: 'ec prime256v1' }],
  [`${crypto}/encryptedKeyPair.pem`, 'ballerina', rsa2048],
  [`${crypto}/encryptedPrivate.key`, 'ballerina', rsa2048],
  [`${crypto}/encryptedPrivate.key`, 'Ballerina', wrong],
  [`${crypto}/keyPair.pem`, '', rsa4096],
  [`${crypto}/mldsa-key.pem`, 'ballerina', { key: 'ml-dsa-65' }],
  [`${crypto}/mldsa-key.pem`, 'changeit', wrong],
  [`${crypto}/mlkem-key.pem`, 'ballerina', { key: 'ml-kem-768' }],
  [`${crypto}/private.key`, '', rsa2048],
  [`${ftp}/private.encrypted.key`, 'changeit', rsa4096],
  // Its lines end with a carriage return alone, which OpenSSL does not take as a line's end either.
  [`${ftp}/private.key`, '', { code: 'malformed' }],
  [`${ftp}/public.key`, '', { code: 'malformed' }],
  [`${ftp}/sftp.passwordless.private.key`, '', rsa2048],
  [`${ftp}/sftp.private.key`, 'changeit', rsa2048],
  [`${ftp}/sftp.wrong.private.key`, 'changeit', rsa2048],
  [`${grpc}/private2.key`, '', rsa2048],
  [`${http}/private.key`, '', rsa2048],
  ['module-ballerina-tcp/test-utils/etc/key.pem', '', rsa2048],
  [`${hub}/ca_key.pem`, 'ballerina', rsa4096],
  [`${hub}/localhost_key.pem`, 'ballerina', rsa2048],
  [`${kafkaHub}/server.key`, '', rsa2048],
  [`${kafka}/certsandkeys/client.private.key`, '', rsa2048],
  [`${nats}/client.key`, '', rsa4096],
  [`${nats}/server.key`, '', rsa4096],
  [`${stan}/client.key`, '', rsa4096],
  [`${stan}/server.key`, '', rsa4096],
  [`${rabbitmq}/client.key`, '', rsa4096],

  [
    'ballerina-security/examples/email/resources/cert/server.crt',
    '',
    { subject: 'GreenMail selfsigned Test Certificate', type: 'rsa' },
  ],
  [`${avix}/cert/ca.crt`, '', localhost],
  [`${avix}/cert/client.crt`, '', localhost],
  [`${avix}/cert/server.crt`, '', localhost],
  [`${crypto}/ec-cert.crt`, '', { subject: undefined, type: 'ec' }],
  [`${crypto}/mldsa-cert.crt`, '', { subject: 'localhost', type: 'ml-dsa-65' }],
  [`${crypto}/mlkem-cert.crt`, '', { subject: 'localhost', type: 'ml-kem-768' }],
  [`${crypto}/public.crt`, '', localhost],
  [`${grpc}/public.crt`, '', localhost],
  [`${grpc}/public2.crt`, '', localhost],
  [`${http}/public.crt`, '', localhost],
  [`${simple}/certsAndKeys/ocspCertChain.crt`, '', { subject: 'key', type: 'rsa' }],
  [
    'module-ballerina-jwt/ballerina/tests/resources/cert/invalidPublic.crt',
    '',
    { subject: 'federated-signon.system.gserviceaccount.com', type: 'rsa' },
  ],
  ['module-ballerina-oauth2/ballerina/tests/resources/cert/wso2Public.crt', '', localhost],
  ['module-ballerina-tcp/test-utils/etc/cert.pem', '', { subject: 'Unknown', type: 'rsa' }],
  [`${websub}/server.crt`, '', localhost],
  [`${hub}/ca_cert.pem`, '', localhost],
  [`${hub}/localhost_cert.pem`, '', localhost],
  [`${kafkaHub}/server.crt`, '', localhost],
  [`${kafka}/certsandkeys/broker.public.crt`, '', localhost],
  [`${kafka}/certsandkeys/client.public.crt`, '', localhost],
  ...[nats, stan, rabbitmq].flatMap((folder) =>
    ['ca', 'client', 'server'].map((name): Row => [`${folder}/${name}.crt`, '', localhost]),
  ),

  [`${ftp}/sftp.public.key`, '', notOurs],
  [`${ftp}/sftp.passwordless.private.key.pub`, '', notOurs],
  [`${avix}/csr/client.csr`, '', notOurs],
  [`${avix}/csr/server.csr`, '', notOurs],
  [`${hub}/localhost.csr`, '', notOurs],
]

for (const [path, password, outcome] of rows) {
  sharedTest(
    `${path} with ${password === '' ? 'no password' : password}`,
    ['ballerina', ...path.split('/')],
    (file) => {
      const bytes = readFileSync(file)
      if (outcome === notOurs) {
        for (const read of [readPrivateKey, readPublicKey, readCertificates])
          assert.throws(() => read(bytes), { code: 'not_found' })
      } else if ('code' in outcome) {
        const read = path.endsWith('public.key') ? readPublicKey : readPrivateKey
        assert.throws(() => read(bytes, { password }), outcome)
      } else if ('key' in outcome) {
        assert.equal(describe(bytes, password), outcome.key)
      } else if ('type' in outcome) {
        checkPublic(bytes, outcome)
      } else {
        checkStore(openKeyStore(bytes, { password }), outcome, path)
        assert.throws(() => openKeyStore(bytes, { password: `${password}!` }), wrong)
      }
    },
  )
}

function describe(bytes: Buffer, password: string): string {
  const key = readPrivateKey(bytes, password === '' ? {} : { password })
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {}
  return [key.asymmetricKeyType, modulusLength ?? namedCurve].filter((part) => part !== undefined).join(' ')
}

function checkPublic(bytes: Buffer, { subject, type }: { subject: string | undefined; type: string }): void {
  assert.equal(readPublicKey(bytes).asymmetricKeyType, type)
  const [certificate] = readCertificates(bytes)
  assert.equal(/^CN=(.*)$/m.exec(certificate?.subject ?? '')?.[1], subject)
}

function checkStore(store: KeyStore, outcome: Outcome & object, path: string): void {
  const { keys = [], certificates = [], entries } = outcome as Entries
  for (const alias of store.aliases) {
    for (const certificate of store.certificates(alias)) assert.ok(publicKeyOf(certificate))
  }
  const withKeys = store.aliases.filter((alias) => store.hasPrivateKey(alias))
  if (!path.startsWith(integration)) for (const alias of withKeys) checkPair(store, alias)
  if (entries !== undefined) {
    assert.equal(store.aliases.length, entries)
    return
  }
  assert.deepEqual(withKeys.toSorted(), keys)
  assert.deepEqual(store.aliases.filter((alias) => !withKeys.includes(alias)).toSorted(), certificates)
}

function checkPair(store: KeyStore, alias: string): void {
  const [leaf] = store.certificates(alias)
  assert.ok(leaf)
  const spki = { format: 'der', type: 'spki' } as const
  assert.deepEqual(createPublicKey(store.privateKey(alias)).export(spki), publicKeyOf(leaf).export(spki))
}

// testtruststore.p12: the key has a password of its own, which nobody wrote down.
sharedTest('a key with a password of its own does not hide its store', ['ballerina'], (folder) => {
  const store = openKeyStore(readFileSync(join(folder, integration, 'testtruststore.p12')), {
    password: 'ballerina',
  })
  assert.throws(() => store.privateKey('keypair'), wrong)
  assert.equal(store.certificates('keypair').length, 1)
})

sharedTest('the table has every store, key and certificate of the folder', ['ballerina'], (folder) => {
  const files = globSync('**/*.{p12,pkcs12,jks,key,pem,crt,csr,pub}', { cwd: folder })
  const listed = new Set(rows.map(([path]) => path))
  assert.deepEqual(
    files.filter((file) => !listed.has(file)),
    [],
  )
})
