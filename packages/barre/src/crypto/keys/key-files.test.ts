import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { Secret } from '../../core/index.ts'
import { createCa } from '../../../../../tools/test-ca.ts'
import { publicKeyOf, readCertificates } from './certificate.ts'
import { keyFileMaxBytes, pemBlocksMax, readPem, writePem } from './pem.ts'
import { readPrivateKey } from './private-key.ts'
import { buildRsaPublicKey, readPublicKey } from './public-key.ts'
import type { KeyObject } from 'node:crypto'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed = generateKeyPairSync('ed25519')
const certificate = (await createCa()).cert

const pem = (key: KeyObject, type: 'pkcs1' | 'pkcs8' | 'sec1'): string =>
  key.export({ format: 'pem', type }).toString()
const der = (key: KeyObject, type: 'pkcs1' | 'pkcs8' | 'sec1'): Buffer => key.export({ format: 'der', type })
const sealed = (key: KeyObject, type: 'pkcs1' | 'pkcs8' | 'sec1', cipher: string): string =>
  key.export({ format: 'pem', type, cipher, passphrase: 'pw' }).toString()

const privateForms: readonly (readonly [name: string, source: string | Uint8Array, key: KeyObject])[] = [
  ['PKCS#8 PEM', pem(ed.privateKey, 'pkcs8'), ed.privateKey],
  ['PKCS#8 PEM bytes', Buffer.from(pem(ec.privateKey, 'pkcs8')), ec.privateKey],
  [
    'PEM with CRLF, a BOM and text around it',
    `\uFEFFBag\r\n${pem(ec.privateKey, 'pkcs8').replaceAll('\n', '\r\n')}\r\nx`,
    ec.privateKey,
  ],
  ['PEM behind its certificate', certificate + pem(ec.privateKey, 'pkcs8'), ec.privateKey],
  ['PKCS#1 PEM', pem(rsa.privateKey, 'pkcs1'), rsa.privateKey],
  ['SEC1 PEM', pem(ec.privateKey, 'sec1'), ec.privateKey],
  ['PKCS#8 DER', der(rsa.privateKey, 'pkcs8'), rsa.privateKey],
  ['PKCS#1 DER', der(rsa.privateKey, 'pkcs1'), rsa.privateKey],
  ['SEC1 DER', der(ec.privateKey, 'sec1'), ec.privateKey],
  ['encrypted PKCS#8 PEM', sealed(rsa.privateKey, 'pkcs8', 'aes-128-cbc'), rsa.privateKey],
  ['encrypted PKCS#8 PEM with 3DES', sealed(rsa.privateKey, 'pkcs8', 'des-ede3-cbc'), rsa.privateKey],
  [
    'encrypted PKCS#8 DER',
    rsa.privateKey.export({ format: 'der', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'pw' }),
    rsa.privateKey,
  ],
  ['encrypted PKCS#1 PEM', sealed(rsa.privateKey, 'pkcs1', 'aes-256-cbc'), rsa.privateKey],
  ['encrypted SEC1 PEM', sealed(ec.privateKey, 'sec1', 'aes-192-cbc'), ec.privateKey],
]
for (const [name, source, key] of privateForms) {
  test(`reads a private key as ${name}`, () => {
    assert.ok(readPrivateKey(source, { password: new Secret('pw') }).equals(key))
    if (!name.startsWith('encrypted')) return
    assert.throws(() => readPrivateKey(source), { code: 'password_required' })
    for (const password of ['', 'Pw', 'pw '])
      assert.throws(() => readPrivateKey(source, { password }), { code: 'wrong_password' })
  })
}

const publicPem = rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString()
const publicForms: readonly (readonly [name: string, source: string | Uint8Array])[] = [
  ['SPKI PEM', publicPem],
  ['SPKI DER', rsa.publicKey.export({ format: 'der', type: 'spki' })],
  ['PKCS#1 PEM', rsa.publicKey.export({ format: 'pem', type: 'pkcs1' }).toString()],
  ['PKCS#1 DER', rsa.publicKey.export({ format: 'der', type: 'pkcs1' })],
]
for (const [name, source] of publicForms) {
  test(`reads a public key as ${name}`, () => assert.ok(readPublicKey(source).equals(rsa.publicKey)))
}

test('reads the public key of a certificate, as PEM and as DER', () => {
  const [ca] = readCertificates(certificate)
  assert.ok(ca)
  for (const source of [certificate, Buffer.from(certificate), ca.raw]) {
    assert.ok(readPublicKey(source).equals(ca.publicKey))
  }
  assert.ok(publicKeyOf(ca).equals(ca.publicKey))
})

test('builds an RSA key of its numbers', () => {
  const { n = '', e = '' } = rsa.publicKey.export({ format: 'jwk' })
  assert.ok(buildRsaPublicKey({ modulus: n, exponent: e }).equals(rsa.publicKey))
  for (const numbers of [
    { modulus: '', exponent: e },
    { modulus: n, exponent: '+' },
  ]) {
    assert.throws(() => buildRsaPublicKey(numbers), { code: 'malformed' })
  }
})

const body = pem(ec.privateKey, 'pkcs8').split('\n')
const refused: readonly (readonly [name: string, read: () => unknown, code: string])[] = [
  [
    'a private key in the place of a public one',
    () => readPublicKey(pem(ec.privateKey, 'pkcs8')),
    'wrong_kind',
  ],
  ['PKCS#8 DER in the place of a public key', () => readPublicKey(der(ec.privateKey, 'pkcs8')), 'wrong_kind'],
  [
    'PKCS#1 DER in the place of a public key',
    () => readPublicKey(der(rsa.privateKey, 'pkcs1')),
    'wrong_kind',
  ],
  ['a public key in the place of a private one', () => readPrivateKey(publicPem), 'not_found'],
  ['a certificate in the place of a private key', () => readPrivateKey(certificate), 'not_found'],
  [
    'two private keys',
    () => readPrivateKey(pem(ec.privateKey, 'pkcs8') + pem(rsa.privateKey, 'pkcs1')),
    'wrong_kind',
  ],
  ['empty text', () => readPrivateKey(''), 'not_found'],
  ['a secret', () => readPublicKey('s3cr3t'), 'not_found'],
  [
    'a key in OpenSSH form',
    () => readPrivateKey(writePem('OPENSSH PRIVATE KEY', Buffer.of(1))),
    'unsupported',
  ],
  [
    'an old cipher',
    () =>
      readPrivateKey(
        '-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: RC2-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----',
      ),
    'unsupported',
  ],
  ['a label that does not match', () => readPem('-----BEGIN A-----\nAAAA\n-----END B-----'), 'malformed'],
  ['no end', () => readPem('-----BEGIN A-----\nAAAA'), 'malformed'],
  ['no begin', () => readPem('AAAA\n-----END A-----'), 'malformed'],
  [
    'a begin in a begin',
    () => readPem('-----BEGIN A-----\n-----BEGIN A-----\nAAAA\n-----END A-----'),
    'malformed',
  ],
  ['one line for all', () => readPem(body.join('')), 'malformed'],
  ['a boundary that is indented', () => readPem(` ${body.join('\n')}`), 'malformed'],
  ['base64 without its padding', () => readPem('-----BEGIN A-----\nAA\n-----END A-----'), 'malformed'],
  ['base64 with stray bits', () => readPem('-----BEGIN A-----\nAB==\n-----END A-----'), 'malformed'],
  ['an empty block', () => readPem('-----BEGIN A-----\n-----END A-----'), 'malformed'],
  ['a block too many', () => readPem(writePem('A', Buffer.of(1)).repeat(pemBlocksMax + 1)), 'too_large'],
  ['text that is too long', () => readPem('x'.repeat(keyFileMaxBytes + 1)), 'too_large'],
  ['DER that is too long', () => readPrivateKey(Buffer.alloc(keyFileMaxBytes + 1, 0x30)), 'too_large'],
  [
    'DER with a byte behind it',
    () => readPrivateKey(Buffer.concat([der(ec.privateKey, 'pkcs8'), Buffer.of(0)])),
    'malformed',
  ],
]
for (const [name, read, code] of refused) test(`refuses ${name}`, () => assert.throws(read, { code }))

test('reads as many blocks as it may', () => {
  assert.equal(readPem(writePem('A', Buffer.of(1)).repeat(pemBlocksMax)).length, pemBlocksMax)
  assert.deepEqual(readPem('x'.repeat(keyFileMaxBytes)), [])
})

test('a message never shows a password or a key', () => {
  const source = sealed(rsa.privateKey, 'pkcs8', 'aes-128-cbc')
  assert.throws(
    () => readPrivateKey(source, { password: 'hunter2' }),
    (error: Error) => !error.message.includes('hunter2'),
  )
})
