import assert from 'node:assert/strict'
import { copyFile, mkdir, rename, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createTestCa } from '../../../../tools/test-ca.ts'
import { createClient, createServer } from './udp.ts'
import type { DtlsConnection } from './udp.ts'

const pki = await createTestCa()
const strangers = await createTestCa()
after(() => Promise.all([pki.remove(), strangers.remove()]))

const silent = (): void => undefined

async function ask(connection: DtlsConnection): Promise<string> {
  const answer = new Promise<Buffer>((resolve) => connection.onMessage(resolve))
  connection.send(Buffer.from('hello'))
  return (await answer).toString()
}

test('handshakes use the files of now, on both sides of mutual DTLS, and an open connection stays', async (context) => {
  const mount = join(pki.directory, 'mount')
  await mkdir(mount)
  // All files change at once, as in a secret that Kubernetes mounts.
  const write = async ({ caFile, server }: typeof pki, name: string): Promise<void> => {
    await mkdir(join(mount, name))
    await copyFile(caFile, join(mount, name, 'ca.crt'))
    await copyFile(server.keyFile, join(mount, name, 'tls.key'))
    await copyFile(server.certFile, join(mount, name, 'tls.crt'))
    await symlink(name, join(mount, 'next'))
    await rename(join(mount, 'next'), join(mount, 'now'))
  }
  await write(pki, 'old')
  for (const file of ['ca.crt', 'tls.key', 'tls.crt']) await symlink(`now/${file}`, join(mount, file))
  let onLoaded = silent
  const log = { debug: silent, info: () => onLoaded(), warn: silent, error: silent }
  const secureSocket = {
    key: { certFile: join(mount, 'tls.crt'), keyFile: join(mount, 'tls.key') },
    mutualSsl: { cert: join(mount, 'ca.crt') },
  }
  const server = createServer({ auth: false, secureSocket, services: { log } }, (connection) => {
    connection.onMessage((data) => connection.send(data))
  })
  context.after(() => server.close())
  const { port } = await server.listen({ port: 0 })
  const connectAs = ({ client: key }: typeof pki, { caFile }: typeof pki): Promise<DtlsConnection> => {
    const client = createClient({ host: 'localhost', port, secureSocket: { cert: caFile, key } })
    context.after(() => client.close())
    return client.connect()
  }

  const stays = await connectAs(pki, pki)
  await assert.rejects(connectAs(strangers, strangers), { code: 'unknown_ca', isFromPeer: false })
  const loaded = new Promise<void>((resolve) => (onLoaded = resolve))
  await write(strangers, 'new')
  await loaded
  assert.equal(await ask(await connectAs(strangers, strangers)), 'hello')
  await assert.rejects(connectAs(strangers, pki), { code: 'unknown_ca', isFromPeer: false })
  await assert.rejects(connectAs(pki, strangers), { code: 'unknown_ca', isFromPeer: true })
  assert.equal(await ask(stays), 'hello')
})
