import assert from 'node:assert/strict'
import { once } from 'node:events'
import { copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { after, afterEach, describe, it } from 'node:test'
import { connect } from 'node:tls'
import { createTestCa } from '../../../../tools/test-ca.ts'
import { ConfigError } from '../core/index.ts'
import { toServerOptions, watchCertificates } from './index.ts'
import type { AddressInfo } from 'node:net'
import type { Server } from 'node:https'
import type { TLSSocket } from 'node:tls'
import type { CertKey, Log } from '../core/index.ts'
import type { CertificateWatcher } from './index.ts'

const pki = await createTestCa()
const ca = await readFile(pki.caFile, 'utf8')
after(() => pki.remove())

const closers: (() => unknown)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** A log whose lines can be waited for. */
function listeningLog(): Log & { lines: string[]; said(level: string): Promise<void> } {
  const lines: string[] = []
  const waiting = new Map<string, () => void>()
  const say = (level: string) => (_fields: object, message: string) => {
    lines.push(`${level}: ${message}`)
    waiting.get(level)?.()
  }
  return {
    lines,
    said: (level) => new Promise((resolve) => waiting.set(level, resolve)),
    debug: say('debug'),
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
  }
}

/** A directory of its own with a pair named `old`, and a server that watches it. */
async function serve(options: { now?: () => number; key?: CertKey; recheckSeconds?: number } = {}) {
  const key =
    options.key ?? (await pair(`old-${closers.length}-${Math.trunc(performance.now() * 1000)}`, 'old'))
  const log = listeningLog()
  const server = createServer(toServerOptions({ key }, 'secureSocket', options.now), (_, response) =>
    response.end(),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const watcher = watchCertificates(server, { key }, { log, ...options })
  closers.push(
    () => watcher.close(),
    () => server.closeAllConnections(),
    () => server.close(),
  )
  return { key, log, server, watcher }
}

/** Writes a pair whose common name is `commonName` into `directory` of the CA's. */
async function pair(
  directory: string,
  commonName: string,
  options: { validDays?: number; notBefore?: Date } = {},
) {
  const issued = await pki.issue(`${directory.replaceAll('/', '-')}-${commonName}`, {
    commonName,
    dnsNames: ['localhost'],
    ...options,
  })
  const target = join(pki.directory, directory)
  await mkdir(target, { recursive: true })
  const key: CertKey = { certFile: join(target, 'tls.crt'), keyFile: join(target, 'tls.key') }
  await copyFile(issued.keyFile, key.keyFile)
  await copyFile(issued.certFile, key.certFile)
  return key
}

function directoryOf(key: CertKey): string {
  return key.certFile.slice(pki.directory.length + 1).split('/')[0]!
}

async function open(server: Server): Promise<TLSSocket> {
  const socket = connect({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca,
  })
  closers.push(() => socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

async function served(server: Server): Promise<unknown> {
  return (await open(server)).getPeerCertificate().subject.CN
}

describe('watchCertificates', () => {
  it('shows new connections the new certificate while an old connection stays', async () => {
    const { key, log, server } = await serve()
    const old = await open(server)
    assert.equal(old.getPeerCertificate().subject.CN, 'old')
    const loaded = log.said('info')
    await pair(directoryOf(key), 'new')
    await loaded
    assert.equal(await served(server), 'new')
    const answered = once(old, 'data')
    old.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    assert.match(String((await answered)[0]), /^HTTP\/1\.1 200/)
  })

  it('sees a swapped link, as Kubernetes renews a mounted secret', async () => {
    const mount = join(pki.directory, 'mount')
    await pair('mount/..1', 'old')
    await pair('mount/..2', 'new')
    await symlink('..1', join(mount, '..data'))
    await symlink('..data/tls.crt', join(mount, 'tls.crt'))
    await symlink('..data/tls.key', join(mount, 'tls.key'))
    const { log, server } = await serve({
      key: { certFile: join(mount, 'tls.crt'), keyFile: join(mount, 'tls.key') },
    })
    assert.equal(await served(server), 'old')
    const loaded = log.said('info')
    await symlink('..2', join(mount, '..data_tmp'))
    await rename(join(mount, '..data_tmp'), join(mount, '..data'))
    await loaded
    assert.equal(await served(server), 'new')
  })

  it('reloads the authorities of the clients too', async () => {
    const key = await pair('mutual', 'old')
    const mutualSsl = { cert: join(pki.directory, 'mutual', 'clients.crt') }
    await writeFile(mutualSsl.cert, ca)
    const log = listeningLog()
    const given: unknown[] = []
    const target = { setSecureContext: (options: { ca?: unknown }) => given.push(options.ca) }
    const watcher = watchCertificates(target, { key, mutualSsl }, { log })
    closers.push(() => watcher.close())
    await writeFile(mutualSsl.cert, `${ca}${ca}`)
    assert.equal(watcher.check(), true)
    assert.deepEqual(
      given.map((trusted) => (trusted as string[]).length),
      [1, 2],
    )
  })

  for (const [name, spoil] of [
    ['is not a certificate', (key: CertKey) => writeFile(key.certFile, 'garbage')],
    ['is gone', (key: CertKey) => rm(key.certFile)],
    ['belongs to another key', (key: CertKey) => copyFile(pki.server.certFile, key.certFile)],
    [
      'is out of date',
      (key: CertKey) =>
        pair(directoryOf(key), 'late', { notBefore: new Date('2020-01-01T00:00:00Z'), validDays: 30 }),
    ],
  ] as const) {
    it(`keeps the old pair when the new certificate ${name}`, async () => {
      const { key, log, server } = await serve()
      const refused = log.said('error')
      await spoil(key)
      await refused
      assert.equal(await served(server), 'old')
      assert.ok(log.lines.includes('error: the new TLS certificate is unusable; the old one stays'))
    })
  }

  it('says once that a pair is unusable, and takes it when it becomes valid', async () => {
    let nowMs = new Date('2030-01-01T00:00:00Z').getTime()
    const key = await pair('later', 'old', { notBefore: new Date('2029-12-01T00:00:00Z'), validDays: 100 })
    const { log, watcher } = await serve({ key, now: () => nowMs })
    await pair('later', 'new', { notBefore: new Date('2030-01-05T00:00:00Z'), validDays: 100 })
    assert.deepEqual([watcher.check(), watcher.check()], [false, false])
    assert.equal(log.lines.filter((line) => line.startsWith('error')).length, 1)
    nowMs = new Date('2030-01-06T00:00:00Z').getTime()
    assert.equal(watcher.check(), true)
  })

  it('tells the days to expiry, and warns once a day when they are few', async () => {
    let nowMs = new Date('2030-01-01T00:00:00Z').getTime()
    const key = await pair('ending', 'old', { notBefore: new Date(nowMs), validDays: 20 })
    const { log, watcher } = await serve({ key, now: () => nowMs })
    const warnings = (): number => log.lines.filter((line) => line.startsWith('warn')).length
    assert.deepEqual([watcher.daysToExpiry(), warnings()], [20, 0])
    nowMs += 6 * 86_400_000
    watcher.check()
    watcher.check()
    assert.deepEqual([watcher.daysToExpiry(), warnings()], [14, 1])
    nowMs += 86_400_000
    watcher.check()
    assert.deepEqual([watcher.daysToExpiry(), warnings()], [13, 2])
  })

  it('refuses a pair that is unusable at start', () => {
    const key = { certFile: pki.server.certFile, keyFile: pki.client.keyFile }
    const target = { setSecureContext() {} }
    const start = (): CertificateWatcher => watchCertificates(target, { key }, { log: listeningLog() })
    assert.throws(start, (error) => error instanceof ConfigError && error.path === 'secureSocket.key.keyFile')
  })
})
