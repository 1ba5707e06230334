import assert from 'node:assert/strict'
import { createHmac, createPublicKey, generateKeyPairSync, pbkdf2Sync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import forge from 'node-forge'
import { createCa, issueCertificate } from '../../../../../tools/test-ca.ts'
import { programTest } from '../../../test/program.ts'
import { readCertificates } from './certificate.ts'
import { contextTag, readDer, tags } from './der.ts'
import { writeDer, writeInteger, writeOid, writeSequence } from './der-write.ts'
import { oids } from './oids.ts'
import { openKeyStore } from './open-key-store.ts'
import { storeEntriesMax } from './key-store.ts'
import {
  derivationIterationsMax,
  derivationMaxBytes,
  readDerivation,
  saltMaxBytes,
} from './password-derivation.ts'
import { keyFileMaxBytes } from './pem.ts'
import { pkcs12PartsMax } from './pkcs12.ts'
import { readPrivateKey } from './private-key.ts'
import { writePkcs12 } from './write-pkcs12.ts'
import type { KeyError } from './key-error.ts'

const password = 'pässword'
const ca = await createCa({ commonName: 'test CA' })
const issued = await issueCertificate({ commonName: 'leaf', ca })
const privateKey = readPrivateKey(issued.key)
const [leaf] = readCertificates(issued.cert)
const [root] = readCertificates(ca.cert)
assert.ok(leaf && root)

const small = { password, iterations: 2 }
const written = writePkcs12(
  [
    { alias: 'leaf', privateKey, certificates: [leaf, root] },
    { alias: 'root', certificates: [root] },
  ],
  small,
)

function assertSameKey(found: ReturnType<typeof readPrivateKey>): void {
  const spki = { format: 'der', type: 'spki' } as const
  assert.deepEqual(createPublicKey(found).export(spki), createPublicKey(privateKey).export(spki))
}

test('reads what it writes', () => {
  const store = openKeyStore(written, { password })
  assert.deepEqual(store.aliases, ['leaf', 'root'])
  assert.equal(store.hasPrivateKey('root'), false)
  assertSameKey(store.privateKey('LEAF'))
  assert.deepEqual(
    store.certificates('leaf').map(({ fingerprint256 }) => fingerprint256),
    [leaf.fingerprint256, root.fingerprint256],
  )
})

for (const type of ['ec', 'ed25519', 'x25519', 'ml-dsa-65', 'ml-kem-768', 'rsa'] as const) {
  test(`keeps a key of type ${type}, without a certificate too`, () => {
    const key = readPrivateKey(privateKeyPem(type))
    const store = openKeyStore(writePkcs12([{ alias: 'a', privateKey: key, certificates: [] }], small), {
      password,
    })
    assert.equal(store.privateKey('a').asymmetricKeyType, type)
    assert.deepEqual(store.certificates('a'), [])
  })
}

function privateKeyPem(type: string): string {
  const options = { namedCurve: 'P-384', modulusLength: 2048 }
  const generate = generateKeyPairSync as (
    type: string,
    options: object,
  ) => { privateKey: ReturnType<typeof readPrivateKey> }
  return generate(type, options).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
}

test('says what is not there', () => {
  const store = openKeyStore(written, { password })
  assert.throws(() => store.privateKey('nobody'), {
    code: 'not_found',
    message: /no alias nobody; it has leaf, root/,
  })
  assert.throws(() => store.certificates('nobody'), { code: 'not_found' })
  assert.throws(() => store.privateKey('root'), { code: 'wrong_kind' })
  assert.throws(() => store.privateKey('leaf', { password: 'other' }), { code: 'wrong_password' })
})

test('refuses to write an alias twice, whatever its case', () => {
  const entries = ['a', 'A'].map((alias) => ({ alias, certificates: [root] }))
  assert.throws(() => writePkcs12(entries, small), TypeError)
})

test('tells a wrong password from damage', () => {
  assert.throws(() => openKeyStore(written, { password: 'password' }), { code: 'wrong_password' })
  const codes = new Map<string, number>()
  for (let index = 0; index < written.length; index += 3) {
    const damaged = Buffer.from(written)
    damaged[index]! ^= 1
    assert.throws(
      () => openKeyStore(damaged, { password }),
      ({ code }: KeyError) => codes.set(code, (codes.get(code) ?? 0) + 1).size > 0,
    )
  }
  // Nothing that a changed byte does here looks like a wrong password.
  assert.deepEqual(new Set(codes.keys()), new Set(['damaged', 'malformed', 'unsupported', 'wrong_kind']))
  assert.ok((codes.get('damaged') ?? 0) > written.length / 4)
})

test('refuses what is no store, and one that is too large', () => {
  const options = { password }
  for (const bytes of [Buffer.alloc(0), Buffer.from('-----BEGIN CERTIFICATE-----')]) {
    assert.throws(() => openKeyStore(bytes, options), { code: 'wrong_kind' })
  }
  assert.throws(() => openKeyStore(root.raw, options), { code: 'malformed' })
  const large = Buffer.alloc(keyFileMaxBytes + 1, 0x30)
  assert.throws(() => openKeyStore(large, options), { code: 'too_large' })
  assert.throws(() => openKeyStore(large.subarray(1), options), { code: 'malformed' })
})

// The parts of `written`, to build stores that no program writes.
const content = (() => {
  const pfx = readDer(written, tags.sequence, 'test')
  pfx.integer(3)
  const authSafe = pfx.enter()
  authSafe.oid()
  return authSafe.enter(contextTag(0, 'constructed')).octets()
})()

function storeWithMac(...mac: readonly Buffer[]): Buffer {
  return storeOf(content, ...mac)
}

function storeOf(safe: Buffer, ...mac: readonly Buffer[]): Buffer {
  const octets = writeDer(contextTag(0, 'constructed'), writeDer(tags.octetString, safe))
  return writeSequence(writeInteger(3), writeSequence(writeOid(oids.data), octets), ...mac)
}

interface Pbmac1 {
  readonly salt?: Buffer
  readonly iterations?: number
  readonly keyBytes?: number
  readonly safe?: Buffer
}

/** RFC 9579. */
function pbmac1({
  salt = Buffer.alloc(16, 1),
  iterations = 2,
  keyBytes = 32,
  safe = content,
}: Pbmac1 = {}): Buffer {
  const key = pbkdf2Sync(password, salt, Math.max(1, Math.min(iterations, 1000)), keyBytes, 'sha256')
  const hmac = writeSequence(writeOid(oids.hmacSha256), writeDer(tags.null))
  const derivation = writeSequence(
    writeOid(oids.pbkdf2),
    writeSequence(writeDer(tags.octetString, salt), writeInteger(iterations), writeInteger(keyBytes), hmac),
  )
  const algorithm = writeSequence(writeOid(oids.pbmac1), writeSequence(derivation, hmac))
  const mac = createHmac('sha256', key).update(safe).digest()
  return writeSequence(
    writeSequence(algorithm, writeDer(tags.octetString, mac)),
    writeDer(tags.octetString, Buffer.from('NOT USED')),
    writeInteger(1),
  )
}

test('checks a MAC of PBMAC1', () => {
  assert.equal(openKeyStore(storeWithMac(pbmac1()), { password }).aliases.length, 2)
  assert.throws(() => openKeyStore(storeWithMac(pbmac1()), { password: 'other' }), { code: 'wrong_password' })
})

const limits: readonly (readonly [name: string, mac: readonly Buffer[], code: string])[] = [
  ['no MAC', [], 'unsupported'],
  ['a PBMAC1 key of 19 bytes', [pbmac1({ keyBytes: 19 })], 'unsupported'],
  ['a PBMAC1 key of 65 bytes', [pbmac1({ keyBytes: 65 })], 'malformed'],
  ['no round', [pbmac1({ iterations: 0 })], 'malformed'],
  ['a round too many', [pbmac1({ iterations: derivationIterationsMax + 1 })], 'too_large'],
  ['a salt of a byte too many', [pbmac1({ salt: Buffer.alloc(saltMaxBytes + 1) })], 'too_large'],
]
for (const [name, mac, code] of limits) {
  test(`refuses a store with ${name}`, () =>
    assert.throws(() => openKeyStore(storeWithMac(...mac), { password }), { code }))
}

test('reads a salt of the largest size and a key of the smallest', () => {
  const mac = pbmac1({ salt: Buffer.alloc(saltMaxBytes), keyBytes: 20 })
  assert.equal(openKeyStore(storeWithMac(mac), { password }).aliases.length, 2)
})

/** A store of this many parts with this many bags each. */
function storeOfSize(parts: number, bags: number): Buffer {
  const empty = writeDer(contextTag(0, 'constructed'), writeSequence())
  const bag = writeSequence(writeOid(oids.crlBag), empty)
  const octets = writeDer(
    tags.octetString,
    writeSequence(Buffer.concat(Array.from({ length: bags }, () => bag))),
  )
  const part = writeSequence(writeOid(oids.data), writeDer(contextTag(0, 'constructed'), octets))
  const safe = writeSequence(...Array.from({ length: parts }, () => part))
  return storeOf(safe, pbmac1({ safe }))
}

test('a store has as many parts and bags as it may, and no more', () => {
  assert.deepEqual(openKeyStore(storeOfSize(pkcs12PartsMax, 1), { password }).aliases, [])
  assert.deepEqual(openKeyStore(storeOfSize(1, storeEntriesMax), { password }).aliases, [])
  const tooMany = [storeOfSize(pkcs12PartsMax + 1, 1), storeOfSize(1, storeEntriesMax + 1)]
  for (const store of tooMany) assert.throws(() => openKeyStore(store, { password }), { code: 'too_large' })
})

function scrypt(logWork: number): ReturnType<typeof readDerivation> {
  const cost = [2 ** logWork, 8, 1].map(writeInteger)
  const parameters = writeSequence(writeDer(tags.octetString, Buffer.alloc(16)), ...cost)
  return readDerivation(readDer(writeSequence(writeOid(oids.scrypt), parameters), tags.sequence, 'test'))
}

test('scrypt takes as much memory as it may, and no more', () => {
  const logWork = Math.log2(derivationMaxBytes / 1024)
  assert.equal(scrypt(logWork).derive('pw', 32).length, 32)
  assert.throws(() => scrypt(logWork + 1), { code: 'too_large' })
  assert.throws(() => scrypt(0), { code: 'malformed' })
})

test('node-forge reads what we write, and we read what it writes', () => {
  const key = readPrivateKey(privateKeyPem('rsa'))
  const ours = writePkcs12([{ alias: 'rsa', privateKey: key, certificates: [] }], {
    password: 'pw',
    iterations: 2,
  })
  const asn1 = forge.asn1.fromDer(ours.toString('latin1'))
  const { friendlyName = [] } = forge.pkcs12.pkcs12FromAsn1(asn1, true, 'pw').getBags({ friendlyName: 'rsa' })
  assert.equal(friendlyName.length, 1)
  const rsa = forge.pki.privateKeyFromPem(key.export({ format: 'pem', type: 'pkcs1' }).toString())
  for (const algorithm of ['3des', 'aes128', 'aes192', 'aes256'] as const) {
    const made = forge.pkcs12.toPkcs12Asn1(rsa, selfSigned(rsa), 'password', {
      algorithm,
      friendlyName: 'rsa',
      count: 3,
    })
    const bytes = Buffer.from(forge.asn1.toDer(made).getBytes(), 'latin1')
    const store = openKeyStore(bytes, { password: 'password' })
    assert.equal(store.privateKey('rsa').asymmetricKeyType, 'rsa')
    assert.throws(() => openKeyStore(bytes, { password: 'other' }), { code: 'wrong_password' })
  }
})

function selfSigned(rsa: forge.pki.rsa.PrivateKey): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.rsa.setPublicKey(rsa.n, rsa.e)
  certificate.sign(rsa)
  return certificate
}

programTest(
  'openssl',
  'the openssl program reads what we write, and we read what it writes',
  (run, folder) => {
    const [ours, theirs, pem] = ['ours.p12', 'theirs.p12', 'pem'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    writeFileSync(
      ours,
      writePkcs12([{ alias: 'leaf', privateKey, certificates: [leaf, root] }], {
        password: 'pw',
        iterations: 10,
      }),
    )
    const text = run(['pkcs12', '-in', ours, '-passin', 'pass:pw', '-nodes']).toString()
    assertSameKey(readPrivateKey(text))
    assert.equal(readCertificates(text).length, 2)
    writeFileSync(pem, issued.key + issued.cert + ca.cert)
    const exporting = ['pkcs12', '-export', '-in', pem, '-out', theirs, '-passout', 'pass:pw']
    const variants: readonly (readonly string[])[] = [
      [],
      ['-certpbe', 'AES-128-CBC', '-keypbe', 'AES-192-CBC', '-macalg', 'sha512'],
      ['-certpbe', 'PBE-SHA1-3DES', '-keypbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'],
      ['-certpbe', 'PBE-SHA1-2DES', '-keypbe', 'PBE-SHA1-2DES', '-macalg', 'sha384'],
      ['-legacy', '-certpbe', 'PBE-SHA1-RC2-40', '-keypbe', 'PBE-SHA1-RC2-128'],
      ['-keypbe', 'NONE', '-certpbe', 'NONE'],
    ]
    for (const variant of variants) {
      run([...exporting, '-name', 'leaf', ...variant])
      const store = openKeyStore(readFileSync(theirs), { password: 'pw' })
      assertSameKey(store.privateKey('leaf'))
      assert.equal(store.certificates('leaf').length, 2, variant.join(' '))
      assert.throws(() => openKeyStore(readFileSync(theirs), { password: 'Pw' }), { code: 'wrong_password' })
    }
    run([...exporting, '-nokeys'])
    assert.deepEqual(openKeyStore(readFileSync(theirs), { password: 'pw' }).aliases, ['1', '2'])
  },
)
