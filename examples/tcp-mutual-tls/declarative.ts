// A server of TCP that knows its callers by their certificates, and ends a connection when its caller is revoked.
import { once } from 'node:events'
import { createRevocations } from 'barre/core'
import { createClient, createServer } from 'barre/tcp'
import { createTestCa } from '../../tools/test-ca.ts'

const pki = await createTestCa()
const revocations = createRevocations()
const server = createServer(
  {
    auth: [
      { mutualTlsConfig: { identities: { 'cn:meter': ['report'], 'cn:reader': [] } }, scopes: 'report' },
    ],
    secureSocket: { key: pki.server, mutualSsl: { cert: pki.caFile } },
    services: { revocations },
  },
  (socket, { principal }) =>
    socket.on('data', (data) => socket.write(`${principal?.username}: ${data.toString()}`)),
)
const { port } = await server.listen({ port: 0 })

for (const name of ['meter', 'reader']) {
  const secureSocket = { cert: pki.caFile, key: await pki.issue(name) }
  const socket = await createClient({ host: 'localhost', port, secureSocket }).connect()
  socket.write('21 degrees')
  const ended = once(socket, 'close').then(() => ['the connection ended'])
  const [answer] = (await Promise.race([once(socket, 'data'), ended])) as [Buffer | string]
  console.log(`${name} hears: ${answer.toString()}`)
  if (socket.destroyed) continue
  revocations.revoke({ subject: 'cn:meter' })
  await ended
  console.log(`${name}, revoked: the connection ended`)
}
await server.close()
await pki.remove()

/*
meter hears: cn:meter: 21 degrees
meter, revoked: the connection ended
reader hears: the connection ended
*/
