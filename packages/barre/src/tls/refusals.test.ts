import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { createCa, createTestCa } from '../../../../tools/test-ca.ts'
import { ConfigError } from '../core/index.ts'
import { toServerOptions } from './index.ts'
import type { ListenerSecureSocket } from '../core/index.ts'

const pki = await createTestCa()
const ca = await readFile(pki.caFile, 'utf8')
after(() => pki.remove())

async function file(name: string, content: string): Promise<string> {
  const path = join(pki.directory, name)
  await writeFile(path, content)
  return path
}

describe('a listener secureSocket is refused at start', async () => {
  const key = pki.server
  const garbage = await file('garbage.pem', 'garbage')
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const otherKey = await file('other.key', rsa.export({ type: 'pkcs8', format: 'pem' }) as string)
  const clientOnly = await pki.issue('client-only', { usages: ['client'] })
  const past = await pki.issue('past', { notBefore: new Date('2020-01-01T00:00:00Z'), validDays: 1 })
  const future = await pki.issue('future', { notBefore: new Date('2100-01-01T00:00:00Z') })
  const many = await file('many.crt', ca.repeat(257))
  const pastCa = (await createCa({ notBefore: new Date('2020-01-01T00:00:00Z'), validDays: 1 })).cert
  const oldTrust = await file('old-trust.crt', pastCa)

  const cases: readonly [name: string, config: unknown, path: string, problem: RegExp][] = [
    ['without a key', {}, 's.key', /required/],
    ['with an absent key store', { key: { path: 'a.p12', password: 'x' } }, 's.key.path', /ENOENT/],
    [
      'with an absent trust store',
      { key, mutualSsl: { cert: { path: 'a', password: 'x' } } },
      's.mutualSsl.cert.path',
      /ENOENT/,
    ],
    [
      'with an absent certificate',
      { key: { ...key, certFile: '/no/a' } },
      's.key.certFile',
      /cannot read .*ENOENT/,
    ],
    [
      'with an absent private key',
      { key: { ...key, keyFile: '/no/b' } },
      's.key.keyFile',
      /cannot read .*ENOENT/,
    ],
    [
      'with a file without certificate',
      { key: { ...key, certFile: garbage } },
      's.key.certFile',
      /no PEM certificate/,
    ],
    ['with a file without key', { key: { ...key, keyFile: garbage } }, 's.key.keyFile', /no PEM private key/],
    ['with another key', { key: { ...key, keyFile: otherKey } }, 's.key.keyFile', /does not belong/],
    ['with 257 certificates', { key: { ...key, certFile: many } }, 's.key.certFile', /more than 256/],
    ['with an expired certificate', { key: past }, 's.key.certFile', /valid from .* to .*, not now/],
    ['with a certificate of the future', { key: future }, 's.key.certFile', /not now/],
    ['with a client certificate', { key: clientOnly }, 's.key.certFile', /extended key usage .* server/],
    ['with an expired authority', { key, mutualSsl: { cert: oldTrust } }, 's.mutualSsl.cert', /not now/],
    ['with SSL', { key, protocol: { name: 'SSL' } }, 's.protocol.name', /say TLS/],
    ['with DTLS', { key, protocol: { name: 'DTLS' } }, 's.protocol.name', /say TLS/],
    [
      'with TLS 1.1',
      { key, protocol: { name: 'TLS', versions: ['TLSv1.2', 'TLSv1.1'] } },
      's.protocol.versions[1]',
      /TLSv1\.1/,
    ],
    [
      'with certValidation',
      { key, certValidation: { cacheSize: 1, cacheValidityPeriod: 1 } },
      's.certValidation',
      /nothing staples OCSP responses here/,
    ],
    ['with an unknown cipher', { key, ciphers: ['ROT13'] }, 's.ciphers[0]', /no cipher ROT13/],
    [
      'with a cipher without forward secrecy',
      { key, ciphers: ['AES128-SHA'] },
      's.ciphers[0]',
      /forward secrecy/,
    ],
    ['with no cipher', { key, ciphers: [] }, 's.ciphers', /at least 1/],
    [
      'with ciphers of another version',
      { key, protocol: { name: 'TLS', versions: ['TLSv1.3'] }, ciphers: ['ECDHE-RSA-AES128-GCM-SHA256'] },
      's.ciphers',
      /none of them is for TLSv1\.3/,
    ],
    ['with an unknown field', { key, cipher: [] }, 's.cipher', /unknown field/],
    ['with a negative time-out', { key, handshakeTimeout: -1 }, 's.handshakeTimeout', /seconds/],
  ]
  for (const [name, config, path, problem] of cases) {
    it(name, () => {
      assert.throws(() => toServerOptions(config as ListenerSecureSocket, 's'), isConfigError(path, problem))
    })
  }

  it('accepts 256 certificates in a trust file, and skips those out of date', async () => {
    const cert = await file('trust.crt', pastCa + ca.repeat(255))
    const options = toServerOptions({ key, mutualSsl: { cert } }, 's')
    assert.equal((options.ca as string[]).length, 255)
  })
})

function isConfigError(path: string, problem: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ConfigError)
    assert.equal(error.path, path)
    assert.match(error.message, problem)
    return true
  }
}
