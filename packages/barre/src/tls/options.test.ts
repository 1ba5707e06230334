import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, afterEach, describe, it } from 'node:test'
import { connect, createServer } from 'node:tls'
import { createCa, issueCertificate } from '../../../cli/src/keys/index.ts'
import { createTestCa } from '../../../../tools/test-ca.ts'
import { allowInsecureEndpoint, ConfigError } from '../core/index.ts'
import { toClientOptions, toServerOptions } from './index.ts'
import type { AddressInfo } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import type { ClientSecureSocket, ListenerSecureSocket } from '../core/index.ts'

const pki = await createTestCa()
const ca = await readFile(pki.caFile, 'utf8')
after(() => pki.remove())

const closers: (() => unknown)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function file(name: string, content: string): Promise<string> {
  const path = join(pki.directory, name)
  await writeFile(path, content)
  return path
}

/** A server with these options, and the client's end of one connection to it. */
async function handshake(
  secureSocket: ListenerSecureSocket,
  client: ConnectionOptions = {},
): Promise<{ socket: TLSSocket; served: TLSSocket; reconnect(session: Buffer): Promise<TLSSocket> }> {
  const server = createServer(toServerOptions(secureSocket, 'secureSocket'))
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => server.close())
  const open = async (more: ConnectionOptions): Promise<TLSSocket> => {
    const { port } = server.address() as AddressInfo
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca, ...client, ...more })
    closers.push(() => socket.destroy())
    await once(socket, 'secureConnect')
    return socket
  }
  const accepted = once(server, 'secureConnection')
  const socket = await open({})
  const [served] = (await accepted) as [TLSSocket]
  served.on('error', () => undefined)
  return { socket, served, reconnect: (session) => open({ session }) }
}

describe('toServerOptions', () => {
  const key = pki.server

  it('serves the certificate over TLS 1.3', async () => {
    const { socket } = await handshake({ key })
    assert.equal(socket.getProtocol(), 'TLSv1.3')
    assert.equal(socket.getPeerCertificate().subject.CN, 'server')
  })

  for (const [version, other] of [
    ['TLSv1.2', 'TLSv1.3'],
    ['TLSv1.3', 'TLSv1.2'],
  ] as const) {
    it(`speaks only ${version} when protocol.versions says so`, async () => {
      const secureSocket: ListenerSecureSocket = { key, protocol: { name: 'TLS', versions: [version] } }
      assert.equal((await handshake(secureSocket)).socket.getProtocol(), version)
      await assert.rejects(
        handshake(secureSocket, { minVersion: other, maxVersion: other }),
        /alert|version|closed/i,
      )
    })
  }

  it('never speaks TLS 1.1', async () => {
    await assert.rejects(
      handshake({ key }, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
      /alert|version|closed|no protocols/i,
    )
  })

  for (const name of ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256']) {
    it(`speaks only the cipher ${name}`, async () => {
      const { socket } = await handshake({ key, ciphers: [name] })
      assert.equal(socket.getCipher().name, 'ECDHE-ECDSA-AES128-GCM-SHA256')
    })
  }

  it('demands a client certificate of the given authority by default', async () => {
    const secureSocket: ListenerSecureSocket = { key, mutualSsl: { cert: pki.caFile } }
    const stranger = await issueCertificate({ ca: await createCa(), commonName: 'stranger' })
    const client = { cert: await readFile(pki.client.certFile), key: await readFile(pki.client.keyFile) }
    assert.equal((await handshake(secureSocket, client)).served.authorized, true)
    for (const unknown of [{}, stranger]) {
      const { socket } = await handshake(secureSocket, { maxVersion: 'TLSv1.3', ...unknown }).catch(
        (error: unknown) => ({
          socket: error,
        }),
      )
      // In TLS 1.3 the client may be told only after its own handshake ended.
      const failure = socket instanceof Error ? socket : (await once(socket as TLSSocket, 'error'))[0]
      assert.match(String(failure), /alert|ECONNRESET|required/i)
    }
  })

  it('lets a client without a certificate in when it is optional, unauthorised', async () => {
    const { served } = await handshake({ key, mutualSsl: { cert: pki.caFile, verifyClient: 'OPTIONAL' } })
    assert.equal(served.authorized, false)
  })

  for (const [version, shareSession, isReused] of [
    ['TLSv1.2', true, true],
    ['TLSv1.2', false, false],
    ['TLSv1.3', true, true],
    ['TLSv1.3', false, false],
  ] as const) {
    it(`${isReused ? 'resumes' : 'does not resume'} a ${version} session with shareSession ${shareSession}`, async () => {
      const protocol = { name: 'TLS', versions: [version] } as const
      const { socket, served, reconnect } = await handshake({ key, shareSession, protocol })
      const ticket = isReused ? once(socket, 'session') : undefined
      served.write('x')
      await once(socket, 'data')
      const session = ((await ticket)?.[0] as Buffer | undefined) ?? socket.getSession()!
      assert.equal((await reconnect(session)).isSessionReused(), isReused)
    })
  }

  it('ends a handshake that takes longer than handshakeTimeout', async () => {
    const server = createServer(toServerOptions({ key, handshakeTimeout: 0.02 }, 'secureSocket'))
    closers.push(() => server.close())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { connect: connectTcp } = await import('node:net')
    const idle = connectTcp((server.address() as AddressInfo).port, '127.0.0.1')
    closers.push(() => idle.destroy())
    const [error] = (await once(server, 'tlsClientError')) as [NodeJS.ErrnoException]
    assert.equal(error.code, 'ERR_TLS_HANDSHAKE_TIMEOUT')
  })

  it('passes sessionTimeout on in whole seconds', () => {
    assert.equal(toServerOptions({ key, sessionTimeout: 90.5 }, 'secureSocket').sessionTimeout, 91)
  })

  it('opens an encrypted private key with keyPassword', async () => {
    const { createPrivateKey } = await import('node:crypto')
    const plain = createPrivateKey(await readFile(key.keyFile))
    const pem = plain.export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'open sesame',
    })
    const keyFile = await file('encrypted.key', pem as string)
    const encrypted = { certFile: key.certFile, keyFile }
    const { socket } = await handshake({ key: { ...encrypted, keyPassword: 'open sesame' } })
    assert.equal(socket.authorized, true)
    for (const config of [encrypted, { ...encrypted, keyPassword: 'wrong' }]) {
      assert.throws(
        () => toServerOptions({ key: config }, 's'),
        isConfigError('s.key.keyPassword', /does not open it/),
      )
    }
  })

  it('serves a chain of leaf and intermediate', async () => {
    const intermediate = await createCa({ commonName: 'Intermediate', ca: pki.ca })
    const leaf = await issueCertificate({ ca: intermediate, dnsNames: ['localhost'] })
    const keyFile = await file('chain.key', leaf.key)
    const certFile = await file('chain.crt', leaf.cert + intermediate.cert)
    const { socket } = await handshake({ key: { certFile, keyFile } })
    assert.equal(socket.authorized, true)
    const reversed = await file('reversed.crt', intermediate.cert + leaf.cert)
    assert.throws(
      () => toServerOptions({ key: { certFile: reversed, keyFile } }, 's'),
      isConfigError('s.key.certFile', /certificate 2 of the file did not issue certificate 1/),
    )
  })
})

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
    ['with a PKCS#12 store', { key: { path: 'a.p12', password: 'x' } }, 's.key', /PKCS#12 .* PEM/],
    [
      'with a trust store',
      { key, mutualSsl: { cert: { path: 'a', password: 'x' } } },
      's.mutualSsl.cert',
      /PKCS#12/,
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
      /OCSP/,
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

describe('toServerOptions and the inventory', () => {
  const names = ['ECDHE_ECDSA', 'ECDHE_RSA', 'DHE_RSA'].flatMap((exchange) =>
    ['AES_128_CBC_SHA256', 'AES_128_CBC_SHA', 'AES_128_GCM_SHA256'].map(
      (cipher) => `TLS_${exchange}_WITH_${cipher}`,
    ),
  )
  for (const name of [
    ...names,
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'TLS_AES_128_GCM_SHA256',
  ]) {
    // Ballerina's list has the first ECDSA name without a hash; OpenSSL knows all of them.
    it(`knows the cipher ${name}`, () => {
      assert.doesNotThrow(() => toServerOptions({ key: pki.server, ciphers: [name] }, 's'))
    })
  }
})

describe('toClientOptions', () => {
  it('keeps the defaults of a safe client', () => {
    const { context, ...rest } = toClientOptions({}, 'secureSocket')
    assert.deepEqual(rest, { rejectUnauthorized: true, verifyHostName: true, shareSession: true })
    assert.deepEqual(context, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' })
  })

  it('counts time-outs in milliseconds', () => {
    const options = toClientOptions({ handshakeTimeout: 1.5, sessionTimeout: 60 }, 'secureSocket')
    assert.deepEqual([options.handshakeTimeoutMs, options.sessionTimeoutMs], [1500, 60_000])
  })

  const cases: readonly [name: string, config: ClientSecureSocket, path: string, problem: RegExp][] = [
    ['no validation', { enable: false }, 's.enable', /allowInsecureEndpoint/],
    ['no host name check with the public CAs', { verifyHostName: false }, 's.verifyHostName', /CA to trust/],
    ['a trust store', { cert: { path: 'a.p12', password: 'x' } }, 's.cert', /PKCS#12/],
    ['a key store', { key: { path: 'a.p12', password: 'x' } }, 's.key', /PKCS#12/],
    [
      'certValidation',
      { certValidation: { cacheSize: 1, cacheValidityPeriod: 1 } },
      's.certValidation',
      /OCSP/,
    ],
  ]
  for (const [name, config, path, problem] of cases) {
    it(`refuses ${name}`, () => {
      assert.throws(() => toClientOptions(config, 's'), isConfigError(path, problem))
    })
  }

  it('refuses a server certificate as its own', async () => {
    const key = await pki.issue('server-only', { usages: ['server'] })
    assert.throws(() => toClientOptions({ key }, 's'), isConfigError('s.key.certFile', /client certificate/))
  })

  it('gives up validation only with the named option', () => {
    const options = toClientOptions({ enable: false, [allowInsecureEndpoint]: true }, 's')
    assert.equal(options.rejectUnauthorized, false)
  })

  it('gives up the host name check beside an authority of its own', () => {
    assert.equal(toClientOptions({ verifyHostName: false, cert: pki.caFile }, 's').verifyHostName, false)
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
