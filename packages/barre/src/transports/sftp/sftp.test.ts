import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import ssh2 from 'ssh2'
import type { Algorithms } from 'ssh2'
import { sharedTest } from '../../../../../tools/shared.ts'
import { fakeServices } from '../../../test/fake-services.ts'
import type { Logged } from '../../../test/fake-services.ts'
import { start } from '../../../test/http-wire.ts'
import { withServices } from '../../auth/index.ts'
import { allowWeakAlgorithms } from '../../core/index.ts'
import { sftpClient } from './client.ts'
import { sshKeyReader } from './private-key.ts'

const connect = withServices(sftpClient)
const folder = mkdtempSync(join(tmpdir(), 'barre-sftp-'))
after(() => rmSync(folder, { recursive: true }))

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const auth = { username: 'alice', password: 's3cret' }
const url = 'sftp://files.example'
const host = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 })
const hostKey = host.public.trim()
const pem = (type: 'ed25519' | 'x25519') =>
  generateKeyPairSync(type as 'ed25519')
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString()

/** An SSH server that takes every password; gives its port, and the methods of authentication it was shown. */
async function serve(
  context: TestContext,
  algorithms: Algorithms,
): Promise<{ port: number; shown: string[] }> {
  const shown: string[] = []
  const server = new ssh2.Server({ hostKeys: [host.private], algorithms }, (client) => {
    client.on('error', () => undefined)
    client.on('authentication', (attempt) => {
      shown.push(attempt.method)
      attempt.reject([], false)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => server.close())
  return { port: (server.address() as AddressInfo).port, shown }
}

describe('a server over SFTP', () => {
  for (const [claim, algorithms] of [
    ['the SHA-1 signature of its key', { serverHostKey: ['ssh-rsa'] }],
    ['CBC', { cipher: ['aes256-cbc'] }],
    ['3DES', { cipher: ['3des-cbc'] }],
    ['a MAC by SHA-1', { hmac: ['hmac-sha1'], cipher: ['aes128-ctr'] }],
    ['a key exchange by SHA-1', { kex: ['diffie-hellman-group14-sha1'] }],
  ] as const) {
    test(`that knows only ${claim} is shown no password`, async (context) => {
      const { port, shown } = await serve(context, algorithms as unknown as Algorithms)
      const client = connect({ url: `sftp://127.0.0.1:${port}`, auth, hostKey })
      context.after(() => client.close())
      const result = await client.list('.')
      assert.deepEqual([!result.ok && result.error.code, shown], ['untrusted', []])
    })
  }

  test('that knows only SHA-1 and CBC is spoken to by a named option, which warns', async (context) => {
    const weak = { serverHostKey: ['ssh-rsa'], cipher: ['aes256-cbc'], hmac: ['hmac-sha1'] }
    const { port, shown } = await serve(context, weak as unknown as Algorithms)
    const logged: Logged[] = []
    const { log } = fakeServices(() => 0, logged)
    const config = { url: `sftp://127.0.0.1:${port}`, auth, hostKey, [allowWeakAlgorithms]: true }
    const client = connect({ ...config, services: { log } })
    context.after(() => client.close())
    const result = await client.list('.')
    assert.equal(!result.ok && result.error.code, 'unauthenticated')
    assert.deepEqual([shown, logged.map(({ level }) => level)], [['password'], ['warn']])
  })

  test('whose key is another one is shown no password', async (context) => {
    const { port, shown } = await serve(context, {})
    const other = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 }).public.trim()
    const client = connect({ url: `sftp://127.0.0.1:${port}`, auth, hostKey: other })
    context.after(() => client.close())
    const result = await client.list('.')
    assert.deepEqual([!result.ok && result.error.code, shown], ['untrusted', []])
  })

  test('that has left its known_hosts file since is shown no password', async (context) => {
    const { port, shown } = await serve(context, {})
    const sftpSshKnownHosts = write('known', `[127.0.0.1]:${port} ${hostKey}\n`)
    const client = connect({ url: `sftp://127.0.0.1:${port}`, auth, sftpSshKnownHosts })
    context.after(() => client.close())
    writeFileSync(sftpSshKnownHosts, '')
    const result = await client.list('.')
    assert.deepEqual([!result.ok && result.error.code, shown], ['untrusted', []])
  })

  test('that says nothing is not waited for', async (context) => {
    const port = await start(createServer(), context)
    const client = connect({ url: `sftp://127.0.0.1:${port}`, auth, hostKey, timeout: 0.2 })
    context.after(() => client.close())
    const result = await client.list('.')
    assert.equal(!result.ok && result.error.code, 'unavailable')
  })
})

describe('an SFTP client does not start', () => {
  const privateKey = { path: write('good.pem', pem('ed25519')) }
  const knownHosts = write('known-hosts', `files.example ${hostKey}\n@cert-authority *.org ${hostKey}\n`)
  for (const [claim, config, path] of [
    ['without a key of the server', { url, auth }, 'sftpSshKnownHosts'],
    ['with two ways to know it', { url, auth, hostKey, sftpSshKnownHosts: knownHosts }, 'hostKey'],
    ['with a fingerprint by MD5', { url, auth, hostKey: 'MD5:16:27:ac' }, 'hostKey[0]'],
    ['with a fingerprint that is cut off', { url, auth, hostKey: [hostKey, 'SHA256:abcd'] }, 'hostKey[1]'],
    [
      'with a known_hosts file that is not there',
      { url, auth, sftpSshKnownHosts: '/no/file' },
      'sftpSshKnownHosts',
    ],
    [
      'with one that has only another port of it',
      { url: `${url}:2222`, auth, sftpSshKnownHosts: knownHosts },
      'sftpSshKnownHosts',
    ],
    [
      'with one that has only an authority',
      { url: 'sftp://files.org', auth, sftpSshKnownHosts: knownHosts },
      'sftpSshKnownHosts',
    ],
    ['with another protocol', { url: 'ssh://files.example', auth, hostKey }, 'url'],
    ['with TLS', { url, auth, hostKey, secureSocket: {} }, 'secureSocket'],
    ['without a credential', { url, hostKey }, 'auth'],
    ['with a key and no user', { url, hostKey, auth: { privateKey } }, 'auth.username'],
    [
      'with a key that is not there',
      { url, hostKey, auth: { username: 'a', privateKey: { path: '/no/key' } } },
      'auth.privateKey.path',
    ],
    [
      'with a file that holds none',
      { url, hostKey, auth: { username: 'a', privateKey: { path: write('public', hostKey) } } },
      'auth.privateKey',
    ],
    [
      'with a key that does not sign',
      { url, hostKey, auth: { username: 'a', privateKey: { path: write('x.pem', pem('x25519')) } } },
      'auth.privateKey.path',
    ],
  ] as const) {
    test(claim, () => {
      assert.throws(() => connect(config as never), { name: 'ConfigError', path })
    })
  }
})

describe('a private key for SSH', () => {
  const resources = 'ballerina/module-ballerina-ftp/ballerina/tests/resources'.split('/')
  for (const [file, password, publicFile] of [
    ['sftp.private.key', 'changeit', 'sftp.public.key'],
    ['sftp.passwordless.private.key', undefined, 'sftp.passwordless.private.key.pub'],
    ['private.encrypted.key', 'changeit', undefined],
  ] as const) {
    sharedTest(`of Ballerina's: ${file}`, [...resources, file], (path) => {
      const key = sshKeyReader({ path, ...(password && { password }) }, 'key', false)()
      assert.equal(key.type, 'ssh-rsa')
      if (publicFile === undefined) return
      const line = readFileSync(join(path, '..', publicFile), 'utf8').split(' ')
      assert.equal(key.getPublicSSH().toString('base64'), line[1])
    })
  }

  const password = 'long enough'
  const openSsh = ssh2.utils.generateKeyPairSync('ed25519', {
    cipher: 'aes256-ctr',
    passphrase: password,
    rounds: 1,
  })
  const pkcs8 = createPrivateKey(pem('ed25519'))
  const encrypted = pkcs8
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: password })
    .toString()
  for (const [form, text] of [
    ['OpenSSH', openSsh.private],
    ['PKCS#8', encrypted],
  ] as const) {
    const path = write(`${form.replace('#', '')}.key`, text)
    test(`is opened by its password: ${form}`, () => {
      assert.equal(sshKeyReader({ path, password }, 'key', false)().type, 'ssh-ed25519')
    })
    for (const [claim, wrong] of [
      ['another password', { password: 'guess' }],
      ['none', {}],
    ] as const) {
      test(`is not opened by ${claim}: ${form}`, () => {
        assert.throws(sshKeyReader({ path, ...wrong }, 'key', false), { name: 'ConfigError', path: /^key/ })
      })
    }
  }

  test('signs what Node takes for its signature', () => {
    const path = write('node.pem', pkcs8.export({ type: 'pkcs8', format: 'pem' }).toString())
    const key = sshKeyReader({ path }, 'key', false)()
    const message = Buffer.from('message')
    assert.ok(verify(null, message, createPublicKey(pkcs8), key.sign(message)))
  })

  test('of RSA signs with SHA-1 by the named option only', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const path = write('rsa.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
    const sign = (allowsSha1: boolean, hash: string): unknown =>
      sshKeyReader({ path }, 'key', allowsSha1)().sign(Buffer.from('message'), hash)
    assert.ok(sign(false, 'sha1') instanceof Error)
    for (const signature of [sign(false, 'sha256'), sign(true, 'sha1')]) assert.ok(Buffer.isBuffer(signature))
  })

  test('is read again when its file has changed, and only then', () => {
    const path = write('rotated.pem', pem('ed25519'))
    const read = sshKeyReader({ path }, 'key', false)
    const first = read()
    assert.equal(read(), first)
    writeFileSync(path, pem('ed25519'))
    assert.notDeepEqual(read().getPublicSSH(), first.getPublicSSH())
  })
})
