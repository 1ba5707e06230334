import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { after, describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { createSecureContext } from 'node:tls'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { createTestCa } from '../../../../../tools/test-ca.ts'
import type { Logged } from '../../../test/fake-services.ts'
import { fakeServices } from '../../../test/fake-services.ts'
import { startFtp } from '../../../test/ftp-server.ts'
import type { SeenByFtp } from '../../../test/ftp-server.ts'
import { withServices } from '../../auth/index.ts'
import { allowInsecureEndpoint } from '../../core/index.ts'
import type { CertKey } from '../../core/index.ts'
import { ftpClient } from './client.ts'
import type { FtpConfig } from './config.ts'

const ca = await createTestCa()
const strangers = await createTestCa()
after(() => Promise.all([ca.remove(), strangers.remove()]))

const connect = withServices(ftpClient)
const auth = { username: 'alice', password: 's3cret' }
const toContext = ({ certFile, keyFile }: CertKey) =>
  createSecureContext({ cert: readFileSync(certFile), key: readFileSync(keyFile) })
const tls = toContext(ca.server)

/** Agrees to TLS, and reads nothing any more. */
function deaf(control: Socket): string {
  control.pause()
  return '234 go'
}

function clientOf({ port }: SeenByFtp, more: Partial<FtpConfig> = {}) {
  return connect({ url: `ftps://localhost:${port}`, auth, secureSocket: { cert: ca.caFile }, ...more })
}

describe('an FTP server that is not to be trusted', async () => {
  const elsewhere = toContext(await ca.issue('elsewhere', { dnsNames: ['elsewhere.example'] }))
  const secret = 'the content'

  for (const [claim, script] of [
    ['strips AUTH TLS', { answers: { AUTH: '502 not implemented' } }],
    ['postpones TLS', { answers: { AUTH: '431 later' } }],
    ['has a certificate of nobody we know', { tls: toContext(strangers.server) }],
    ['has the certificate of another host', { tls: elsewhere }],
  ] as const) {
    test(`that ${claim} is shown no credential`, async (context) => {
      const seen = await startFtp(script, context)
      const client = clientOf(seen)
      context.after(() => client.close())
      const result = await client.list('.')
      assert.equal(!result.ok && result.error.code, 'untrusted')
      assert.ok(seen.commands.every((line) => !/^(USER|PASS)/.test(line)))
    })
  }

  for (const [claim, script] of [
    ['refuses PROT P', { tls, dataTls: tls, answers: { PROT: '536 not here' } }],
    ['refuses PBSZ', { tls, dataTls: tls, answers: { PBSZ: '501 no' } }],
    ['has another authority on the data channel', { tls, dataTls: toContext(strangers.server) }],
    ['has another host on the data channel', { tls, dataTls: elsewhere }],
    ['names another host for the data', { tls, answers: { EPSV: '502 no', PASV: '227 (192,0,2,1,4,5)' } }],
  ] as const) {
    test(`that ${claim} is sent no data`, async (context) => {
      const seen = await startFtp(script, context)
      const client = clientOf(seen)
      context.after(() => client.close())
      const result = await client.put('report', secret)
      assert.equal(!result.ok && result.error.code, 'untrusted')
      assert.ok(!seen.data.join('').includes(secret))
    })
  }

  test('that speaks in clear on the data channel is sent no data', async (context) => {
    const seen = await startFtp({ tls, content: 'not encrypted' }, context)
    const client = clientOf(seen, { timeout: 1 })
    context.after(() => client.close())
    assert.equal((await client.put('report', secret)).ok, false)
    assert.ok(!seen.data.join('').includes(secret))
    const got = await client.get('report')
    assert.equal(got.ok ? await text(got.value).catch(() => 'failed') : 'failed', 'failed')
  })

  test('that promises TLS and never begins is not waited for', async (context) => {
    const seen = await startFtp({ answers: { AUTH: deaf } }, context)
    const client = clientOf(seen, { timeout: 0.2 })
    context.after(() => client.close())
    const result = await client.list('.')
    assert.equal(!result.ok && result.error.code, 'unavailable')
  })
})

/** A server and its client, in clear text on loopback. */
async function inClear(script: Parameters<typeof startFtp>[0], context: TestContext) {
  const seen = await startFtp(script, context)
  const client = connect({ url: `ftp://127.0.0.1:${seen.port}`, auth, timeout: 5 })
  context.after(() => client.close())
  return { seen, client }
}

describe('a file over FTP', () => {
  test('is read, in clear text on loopback', async (context) => {
    const { client } = await inClear({ content: 'all of it' }, context)
    const got = await client.get('a')
    assert.equal(got.ok && (await text(got.value)), 'all of it')
  })

  test('that the server did not send whole is not taken for whole', async (context) => {
    const answers = { RETR: (): string => '150 begins\r\n426 broken off' }
    const { client } = await inClear({ answers, content: 'a part' }, context)
    const got = await client.get('a')
    const outcome = got.ok ? await text(got.value).catch((error: unknown) => error) : got.error
    assert.equal((outcome as { readonly code?: unknown }).code, 'unavailable')
  })

  test('whose content fails is not written, and says why', async (context) => {
    const { client } = await inClear({}, context)
    const content = Readable.from(
      (function* () {
        yield 'a'
        throw new Error('the disk is gone')
      })(),
    )
    const result = await client.put('a', content)
    assert.equal(!result.ok && result.error.code, 'content_failed')
    assert.match(!result.ok ? result.error.message : '', /the disk is gone/)
  })

  test('whose name would leave the directory is not listed', async (context) => {
    const names = ['good.txt', '../evil', '/etc/passwd', '..', 'a\\b']
    const listing = names.map((name) => `-rw-r--r-- 1 a a 5 Nov 28 12:00 ${name}\r\n`).join('')
    const { client, seen } = await inClear(
      { content: listing, answers: { MDTM: '213 20261128120000' } },
      context,
    )
    const result = await client.list('in', (name) => name.endsWith('.txt'))
    assert.deepEqual(result.ok && result.value, [
      {
        name: 'good.txt',
        path: 'in/good.txt',
        type: 'file',
        size: 5,
        modifiedAtMs: Date.UTC(2026, 10, 28, 12),
      },
    ])
    assert.deepEqual(
      seen.commands.filter((line) => line.startsWith('MDTM')),
      ['MDTM in/good.txt'],
    )
  })

  for (const [path, claim] of [
    ['', 'an empty path'],
    ['a\r\nDELE b', 'a line end'],
    ['a\0b', 'a NUL'],
    ['a\ud800', 'half a character'],
    ['a'.repeat(4097), 'a path that is too long'],
  ] as const) {
    test(`is not asked for by ${claim}`, async (context) => {
      const { client, seen } = await inClear({}, context)
      for (const result of [
        client.delete(path),
        client.rename('a', path),
        client.rename(path, 'a'),
        client.put(path, ''),
      ])
        assert.equal(await result.then((done) => !done.ok && done.error.code), 'invalid_path')
      assert.deepEqual(
        seen.commands.filter((line) => /^(DELE|RN|STOR)/.test(line)),
        [],
      )
    })
  }

  test('cannot be an option of a command', async (context) => {
    const { client, seen } = await inClear({}, context)
    await client.delete('-rf')
    await client.delete(' a')
    assert.deepEqual(seen.commands.slice(-2), ['DELE ./-rf', 'DELE ./ a'])
  })
})

test('a token is no login for FTP', async (context) => {
  const seen = await startFtp({}, context)
  const client = connect({ url: `ftp://127.0.0.1:${seen.port}`, auth: { token: 'abc' } })
  context.after(() => client.close())
  const result = await client.list('.')
  assert.equal(!result.ok && result.error.code, 'unauthenticated')
  assert.deepEqual(seen.commands, [])
})

describe('an FTP client does not start', () => {
  const url = 'ftps://files.example'
  for (const [claim, config, path] of [
    ['without a server', { auth }, 'url'],
    ['without a credential', { url }, 'auth'],
    [
      'with a line end in the user name',
      { url, auth: { ...auth, username: 'a\r\nDELE b' } },
      'auth.username',
    ],
    ['with a line end in the password', { url, auth: { ...auth, password: 'a\nDELE b' } }, 'auth.password'],
    ['with another protocol', { url: 'https://files.example', auth }, 'url'],
    ['with a password in the URL', { url: 'ftps://alice:word@files.example', auth }, 'url'],
    ['with a path in the URL', { url: `${url}/in`, auth }, 'url'],
    ['in clear text off loopback', { url: 'ftp://files.example', auth }, 'url'],
    ['in clear text with TLS', { url: 'ftp://127.0.0.1', auth, secureSocket: {} }, 'url'],
    ['with another mode', { url, auth, secureSocket: { mode: 'SOMETIMES' } }, 'secureSocket.mode'],
    [
      'with a data channel in clear',
      { url, auth, secureSocket: { dataChannelProtection: 'CLEAR' } },
      'secureSocket.dataChannelProtection',
    ],
    [
      'with a server that nobody checks',
      { url, auth, secureSocket: { enable: false } },
      'secureSocket.enable',
    ],
    ['with a slip in a name', { url, auth, secureSockets: {} }, 'secureSockets'],
    ['with no connections', { url, auth, maxConnections: 0 }, 'maxConnections'],
  ] as const) {
    test(claim, () => {
      assert.throws(() => connect(config as never), { name: 'ConfigError', path })
    })
  }

  test('in clear text off loopback by a named option, which warns', () => {
    const logged: Logged[] = []
    const { log } = fakeServices(() => 0, logged)
    connect({ url: 'ftp://files.example', auth, [allowInsecureEndpoint]: true, services: { log } })
    assert.deepEqual(
      logged.map(({ level }) => level),
      ['warn'],
    )
  })
})
