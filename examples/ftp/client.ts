// Files over FTP with TLS: both sides show a certificate, a stranger to our authorities is sent no password.
import { text } from 'node:stream/consumers'
import { createClient } from 'barre/ftp'
import { proFtpd } from '../../tools/servers/index.ts'
import { createTestCa } from '../../tools/test-ca.ts'

const pki = await createTestCa()
const others = await createTestCa()
const tls = { ...pki.server, caFile: pki.caFile }
const user = { name: 'barre-test', password: 'alice123' }
const server = await proFtpd.start({ tls, user })

const config = {
  url: `ftps://localhost:${server.ports['explicit']}`,
  auth: { username: server.user, password: user.password },
  secureSocket: { cert: pki.caFile, key: pki.client },
}
const client = createClient(config)
await client.put('order-1.txt', 'a violin')
await client.append('order-1.txt', ', and a bow')
const order = await client.get('order-1.txt')
if (order.ok) console.log(await text(order.value))
await client.rename('order-1.txt', 'done-1.txt')
const list = await client.list('.')
if (list.ok) for (const { path, type } of list.value) console.log(type, path)

const tries = {
  'another password': { ...config, auth: { ...config.auth, password: 'bob123' } },
  'a server that nobody trusts': { ...config, secureSocket: { cert: others.caFile, key: pki.client } },
  'no certificate of ours': { ...config, secureSocket: { cert: pki.caFile } },
}
for (const [what, other] of Object.entries(tries)) {
  const refused = createClient(other)
  const outcome = await refused.list('.')
  console.log(`${what}:`, outcome.ok || outcome.error.code)
  await refused.close()
}

await client.close()
await server.stop()
await Promise.all([pki.remove(), others.remove()])

/*
a violin, and a bow
file ./done-1.txt
another password: unauthenticated
a server that nobody trusts: untrusted
no certificate of ours: unauthenticated
*/
