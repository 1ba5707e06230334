import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import ssh2 from 'ssh2'
import type { SFTPWrapper } from 'ssh2'
import { withServices } from '../../auth/index.ts'
import type { FileClient, FileResult } from '../files/index.ts'
import { sftpClient } from './client.ts'

const connect = withServices(sftpClient)
const host = ssh2.utils.generateKeyPairSync('ed25519')
const handle = Buffer.from('handle')

/** A client of a server that hands out handles, and is gone at the first request of this kind. */
async function leavingAt(
  context: TestContext,
  request: 'READ' | 'WRITE' | 'READDIR' | 'FSTAT',
): Promise<FileClient> {
  const server = new ssh2.Server({ hostKeys: [host.private] }, (connection) => {
    connection.on('error', () => undefined)
    connection.on('authentication', (attempt) => attempt.accept())
    connection.on('session', (acceptSession) => {
      acceptSession().on('sftp', (acceptSftp) => {
        const sftp: SFTPWrapper = acceptSftp()
        const give = (id: number): void => sftp.handle(id, handle)
        sftp.on('OPEN', give).on('OPENDIR', give)
        sftp.on(request, () => connection.end())
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const auth = { username: 'alice', password: 's3cret' }
  const client = connect({ url: `sftp://127.0.0.1:${port}`, auth, hostKey: host.public })
  context.after(() => client.close())
  return client
}

const code = async (result: Promise<FileResult<unknown>>): Promise<string> => {
  const settled = await result
  return settled.ok ? 'done' : settled.error.code
}

for (const [verb, request, run] of [
  ['put', 'WRITE', (client: FileClient) => client.put('/file', 'text')],
  ['append', 'FSTAT', (client: FileClient) => client.append('/file', 'text')],
  ['list', 'READDIR', (client: FileClient) => client.list('/')],
] as const) {
  test(`a ${verb} whose server goes away ends`, async (context) => {
    assert.equal(await code(run(await leavingAt(context, request))), 'unavailable')
  })
}

test('a file whose server goes away in the middle ends', async (context) => {
  const client = await leavingAt(context, 'READ')
  const got = await client.get('/file')
  assert.ok(got.ok)
  await assert.rejects(text(got.value), { code: 'unavailable' })
})
