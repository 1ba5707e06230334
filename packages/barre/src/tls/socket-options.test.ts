import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:tls'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { after, test } from 'node:test'
import { createTestCa } from '../../../../tools/test-ca.ts'
import { recheckMs, toClientOptions, toServerOptions, toSocketOptions } from './index.ts'

const ca = await createTestCa()
const server = createServer(
  toServerOptions({ key: ca.server, mutualSsl: { cert: ca.caFile } }, 'secureSocket'),
  (socket) => socket.end(String(socket.getPeerCertificate().subject?.CN)),
)
server.listen(0, '127.0.0.1')
await once(server, 'listening')
after(async () => {
  server.close()
  await ca.remove()
})

async function nameShown(options: object): Promise<string> {
  const { port } = server.address() as AddressInfo
  const socket: TLSSocket = connect(port, 'localhost', options)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return answer.toString()
}

test('each connection shows the certificate that is there, also by copies of the options', async () => {
  let nowMs = Date.now()
  const key = await ca.issue('rotating')
  const tls = toClientOptions({ cert: ca.caFile, key }, 'secureSocket', () => nowMs)
  const copied = { ...toSocketOptions(tls) }
  assert.equal(await nameShown(copied), 'rotating')
  await ca.issue('rotating', { commonName: 'rotated' })
  nowMs += recheckMs
  assert.equal(await nameShown(copied), 'rotated')
})

test('a server of another name, or another authority, is refused', async () => {
  const other = toClientOptions(
    { cert: ca.caFile, key: ca.client, serverName: 'other.example' },
    'secureSocket',
  )
  await assert.rejects(nameShown(toSocketOptions(other)), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  const strangers = await createTestCa()
  const stranger = toClientOptions({ cert: strangers.caFile, key: ca.client }, 'secureSocket')
  await assert.rejects(nameShown(toSocketOptions(stranger)), { code: /SELF_SIGNED|UNABLE_TO/ })
  await strangers.remove()
})

test('the name is not looked at where the configuration says so', async () => {
  const config = { cert: ca.caFile, key: ca.client, serverName: 'other.example', verifyHostName: false }
  assert.equal(await nameShown(toSocketOptions(toClientOptions(config, 'secureSocket'))), 'client')
})
