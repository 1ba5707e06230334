import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { after, afterEach, describe, it } from 'node:test'
import { connect, createServer } from 'node:tls'
import { createCa, issueCertificate, createTestCa } from '../../../../tools/test-ca.ts'
import { allowInsecureEndpoint, ConfigError } from '../core/index.ts'
import { tlsOpener, toClientOptions, toServerOptions } from './index.ts'
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
): Promise<{
  socket: TLSSocket
  served: TLSSocket
  session: Promise<Buffer>
  reconnect(session: Buffer): Promise<TLSSocket>
}> {
  const server = createServer(toServerOptions(secureSocket, 'secureSocket'))
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => server.close())
  const sessions = Promise.withResolvers<Buffer>()
  const open = async (more: ConnectionOptions): Promise<TLSSocket> => {
    const { port } = server.address() as AddressInfo
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca, ...client, ...more })
    socket.on('session', sessions.resolve)
    closers.push(() => socket.destroy())
    await once(socket, 'secureConnect')
    return socket
  }
  const accepted = once(server, 'secureConnection')
  const socket = await open({})
  const [served] = (await accepted) as [TLSSocket]
  served.on('error', () => undefined)
  return {
    socket,
    served,
    session: sessions.promise,
    reconnect: (session) => open({ session }),
  }
}

/** Why the server refused the client's handshake, as the server says it. */
async function refusal(secureSocket: ListenerSecureSocket, client: ConnectionOptions): Promise<unknown> {
  const server = createServer(toServerOptions(secureSocket, 'secureSocket')).listen(0, '127.0.0.1')
  closers.push(() => server.close())
  await once(server, 'listening')
  const refused = once(server, 'tlsClientError')
  const { port } = server.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca, ...client })
  socket.on('error', () => undefined)
  closers.push(() => socket.destroy())
  return ((await refused)[0] as NodeJS.ErrnoException).code
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
    const client = { cert: await readFile(pki.client.certFile), key: await readFile(pki.client.keyFile) }
    assert.equal((await handshake(secureSocket, client)).served.authorized, true)
    const stranger = await issueCertificate({ ca: await createCa(), commonName: 'stranger' })
    assert.equal(await refusal(secureSocket, {}), 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE')
    // Node ends the connection by itself where the chain leads to nobody it trusts.
    assert.equal(await refusal(secureSocket, stranger), 'ECONNRESET')
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
    const verb = isReused ? 'resumes' : 'does not resume'
    it(`${verb} a ${version} session with shareSession ${shareSession}`, async () => {
      const protocol = { name: 'TLS', versions: [version] } as const
      const first = await handshake({ key, shareSession, protocol })
      // TLS 1.3 sends its tickets after the handshake, ahead of any data.
      first.served.write('x')
      await once(first.socket, 'data')
      const session = isReused ? await first.session : first.socket.getSession()!
      assert.equal((await first.reconnect(session)).isSessionReused(), isReused)
    })
  }

  it('ends a handshake that takes longer than handshakeTimeout', async () => {
    const server = createServer(toServerOptions({ key, handshakeTimeout: 0.02 }, 'secureSocket'))
    closers.push(() => server.close())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const idle = connectTcp((server.address() as AddressInfo).port, '127.0.0.1')
    closers.push(() => idle.destroy())
    const [error] = (await once(server, 'tlsClientError')) as [NodeJS.ErrnoException]
    assert.equal(error.code, 'ERR_TLS_HANDSHAKE_TIMEOUT')
  })

  it('passes sessionTimeout on in whole seconds', () => {
    assert.equal(toServerOptions({ key, sessionTimeout: 90.5 }, 'secureSocket').sessionTimeout, 91)
  })

  it('opens an encrypted private key with keyPassword', async () => {
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
    it(`knows the cipher ${name}`, () => {
      assert.doesNotThrow(() => toServerOptions({ key: pki.server, ciphers: [name] }, 's'))
    })
  }
})

describe('toClientOptions', () => {
  it('keeps the defaults of a safe client', () => {
    const { context, renewed, ...rest } = toClientOptions({}, 'secureSocket')
    assert.equal(renewed(), context)
    assert.deepEqual(rest, { rejectUnauthorized: true, verifyHostName: true, shareSession: true })
    assert.deepEqual(context, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' })
  })

  it('counts time-outs in milliseconds', () => {
    assert.equal(toClientOptions({ handshakeTimeout: 1.5 }, 'secureSocket').handshakeTimeoutMs, 1500)
    assert.equal(tlsOpener({ sessionTimeout: 60 }, 'secureSocket').sessionTimeoutMs, 60_000)
  })

  const cases: readonly [name: string, config: ClientSecureSocket, path: string, problem: RegExp][] = [
    ['no validation', { enable: false }, 's.enable', /allowInsecureEndpoint/],
    ['sessions shared', { shareSession: true }, 's.shareSession', /resumes no session/],
    ['sessions for a time', { sessionTimeout: 60 }, 's.sessionTimeout', /resumes no session/],
    ['no host name check with the public CAs', { verifyHostName: false }, 's.verifyHostName', /CA to trust/],
    ['an absent trust store', { cert: { path: 'a.p12', password: 'x' } }, 's.cert.path', /ENOENT/],
    ['an absent key store', { key: { path: 'a.p12', password: 'x' } }, 's.key.path', /ENOENT/],
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
