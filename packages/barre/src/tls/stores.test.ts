import assert from 'node:assert/strict'
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { connect, createServer } from 'node:tls'
import { sharedTest } from '../../../../tools/shared.ts'
import { createTestCa } from '../../../../tools/test-ca.ts'
import { ConfigError } from '../core/index.ts'
import { writePkcs12 } from '../crypto/keys/index.ts'
import { toClientOptions, toServerOptions, watchCertificates } from './index.ts'
import type { AddressInfo } from 'node:net'
import type { Store } from '../core/index.ts'
import type { NewStoreEntry } from '../crypto/keys/index.ts'

const pki = await createTestCa()
after(() => pki.remove())

const authority = new X509Certificate(readFileSync(pki.caFile))

function store(name: string, entries: readonly NewStoreEntry[]): Store {
  const path = join(pki.directory, `${name}.p12`)
  writeFileSync(path, writePkcs12(entries, { password: 'pw', iterations: 10 }))
  return { path, password: 'pw' }
}

function keyEntry(alias: string, files: { certFile: string; keyFile: string }): NewStoreEntry {
  const privateKey = createPrivateKey(readFileSync(files.keyFile))
  return { alias, privateKey, certificates: [new X509Certificate(readFileSync(files.certFile)), authority] }
}

const server = keyEntry('server', pki.server)
const client = keyEntry('client', pki.client)
const keys = store('server', [server])
const clientKeys = store('client', [client])
const trust = store('trust', [{ alias: 'ca', certificates: [authority] }])

test('stores on both sides make a mutual TLS connection', async (context) => {
  const listening = createServer(toServerOptions({ key: keys, mutualSsl: { cert: trust } }, 's'), (socket) =>
    socket.end(),
  )
  context.after(() => listening.close())
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const { context: secureContext } = toClientOptions({ key: clientKeys, cert: trust }, 's')
  const { port } = listening.address() as AddressInfo
  const accepted = once(listening, 'secureConnection')
  const socket = connect({ ...secureContext, host: '127.0.0.1', port, servername: 'localhost' })
  context.after(() => socket.destroy())
  await once(socket, 'secureConnect')
  assert.ok(socket.authorized)
  const [served] = (await accepted) as [typeof socket]
  assert.ok(served.authorized)
  assert.equal(served.getPeerX509Certificate()?.subject, 'CN=client')
})

const refused: readonly (readonly [name: string, use: () => unknown, path: string, problem: RegExp])[] = [
  [
    'a wrong password',
    () => toServerOptions({ key: { ...keys, password: 'x' } }, 's'),
    's.key.password',
    /does not open/,
  ],
  [
    'two private keys',
    () => toServerOptions({ key: store('two', [server, client]) }, 's'),
    's.key.path',
    /found server, client/,
  ],
  ['no private key', () => toServerOptions({ key: trust }, 's'), 's.key.path', /found none/],
  [
    'a key without a certificate',
    () => toServerOptions({ key: store('bare', [{ ...server, certificates: [] }]) }, 's'),
    's.key.path',
    /no certificate/,
  ],
  [
    'a key that is not of its certificate',
    () => toServerOptions({ key: store('pair', [{ ...server, certificates: client.certificates }]) }, 's'),
    's.key.path',
    /does not belong/,
  ],
  ['nobody to trust', () => toClientOptions({ cert: keys }, 's'), 's.cert.path', /no trusted certificate/],
  [
    'a store that is none',
    () => toClientOptions({ cert: { path: pki.caFile, password: 'pw' } }, 's'),
    's.cert.path',
    /neither a PKCS#12 nor a JKS/,
  ],
]
for (const [name, use, path, problem] of refused) {
  test(`refuses ${name}`, () => {
    assert.throws(
      use,
      (error) => error instanceof ConfigError && error.path === path && problem.test(error.message),
    )
  })
}

test('a renewed store is taken by a running server', async () => {
  const renewed = store('renewed', [server])
  const taken: unknown[] = []
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const target = { setSecureContext: (options: unknown) => taken.push(options) }
  const watcher = watchCertificates(target, { key: renewed }, { log })
  try {
    assert.equal(watcher.check(), false)
    store('renewed', [keyEntry('server', await pki.issue('renewed', { dnsNames: ['localhost'] }))])
    assert.equal(watcher.check(), true)
    assert.equal(taken.length, 2)
  } finally {
    watcher.close()
  }
})

// The stores of Ballerina's mutual TLS examples, at a time when they are valid.
const now = (): number => Date.UTC(2026, 10, 21)
const crypto = 'module-ballerina-crypto/ballerina/tests/resources'
const websub = 'module-ballerina-websub/ballerina/tests/resources'
// One of Kafka's two is out of date.
const trusts: readonly (readonly [path: string, password: string, certificates: number])[] = [
  ['ballerina-security/guides/resources/keys-certs/avix-keys-certs/keystore/truststore.p12', 'ballerina', 3],
  [
    'module-ballerinax-kafka/ballerina/tests/resources/secrets/trustoresandkeystores/kafka.broker.truststore.jks',
    'password',
    1,
  ],
  ['module-ballerinax-nats/ballerina-tests/tests/certs/truststore.jks', 'password', 1],
]
sharedTest("Ballerina's own key and trust stores", ['ballerina'], (data) => {
  for (const path of [
    `${crypto}/keyStore.p12`,
    `${crypto}/ec-keystore.pkcs12`,
    `${websub}/ballerinaKeystore.p12`,
  ]) {
    const options = toServerOptions({ key: { path: join(data, path), password: 'ballerina' } }, 's', now)
    assert.match(options.key as string, /BEGIN PRIVATE KEY/)
  }
  for (const [path, password, count] of trusts) {
    const { context } = toClientOptions({ cert: { path: join(data, path), password } }, 's', now)
    assert.equal((context.ca as string[]).length, count)
  }
  const many = {
    path: join(data, 'module-ballerina-jwt/ballerina/tests/resources/keystore/ballerinaTruststore.p12'),
    password: 'ballerina',
  }
  const { ca } = toClientOptions({ cert: many }, 's', now).context
  assert.ok((ca as string[]).length > 50)
})
