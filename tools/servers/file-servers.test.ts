import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import type { Duplex } from 'node:stream'
import { createTestCa } from '../test-ca.ts'
import { openSsh, proFtpd, skipWithout } from './index.ts'
import type { RunningFileServer } from './index.ts'

/** What a server says first. */
async function greeting(stream: Duplex): Promise<string> {
  const [chunk] = (await once(stream, 'data')) as [Buffer]
  stream.destroy()
  return chunk.toString()
}

const plain = (port = 0): Promise<string> => greeting(connect(port, '127.0.0.1'))

/** Ends, comes back, and ends for good. */
async function lives(server: RunningFileServer, port = 0): Promise<void> {
  const { files } = server
  const open = connect(port, '127.0.0.1')
  await once(open, 'data')
  const ended = once(
    open.on('error', () => undefined),
    'close',
  )
  await server.kill()
  await ended
  await assert.rejects(plain(port), { code: 'ECONNREFUSED' })
  await server.restart()
  assert.match(await plain(port), /ProFTPD|OpenSSH/)
  assert.ok(existsSync(files))
  await server.stop()
  await assert.rejects(plain(port), { code: 'ECONNREFUSED' })
  assert.ok(!existsSync(files))
}

describe('file servers', () => {
  test('ProFTPD speaks FTP, FTP inside TLS, and SSH; ends and starts again', async (context) => {
    if (skipWithout(proFtpd, context)) return
    const ca = await createTestCa()
    context.after(() => ca.remove())
    const tls = { ...ca.server, caFile: ca.caFile }
    const server = await proFtpd.start({
      tls,
      needsClientCertificate: false,
      user: { name: 'alice', password: 'word' },
    })
    context.after(() => server.stop())
    const { explicit, implicit = 0, sftp } = server.ports
    assert.match(await plain(explicit), /^220 .*ProFTPD/)
    const inside = connectTls({ port: implicit, host: '127.0.0.1', rejectUnauthorized: false })
    assert.match(await greeting(inside), /^220 .*ProFTPD/)
    assert.match(await plain(sftp), /^SSH-2\.0-/)
    assert.match(server.hostKey, /^ecdsa-sha2-nistp256 /)
    await lives(server, explicit)
  })

  test('OpenSSH speaks SSH; ends and starts again', async (context) => {
    if (skipWithout(openSsh, context)) return
    const server = await openSsh.start({ authorizedKeys: [] })
    context.after(() => server.stop())
    assert.match(await plain(server.ports['sftp']), /^SSH-2\.0-OpenSSH/)
    assert.match(server.hostKey, /^ssh-ed25519 /)
    await lives(server, server.ports['sftp'])
  })
})
