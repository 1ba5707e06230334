import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { Agent, createServer, request } from 'node:https'
import type { ServerOptions } from 'node:https'
import { after, before, test } from 'node:test'
import { createTestCa } from '../../../../../tools/test-ca.ts'
import type { TestCa } from '../../../../../tools/test-ca.ts'
import { protect } from '../../../test/guarded-server.ts'
import { namedTokens, portOf, start } from '../../../test/http-wire.ts'
import { toCall } from './http-call.ts'
import { toSettings } from './http-options.ts'

let own: TestCa
let foreign: TestCa

before(async () => {
  ;[own, foreign] = await Promise.all([createTestCa(), createTestCa()])
})
after(() => Promise.all([own.remove(), foreign.remove()]))

interface Pair {
  readonly cert: Buffer
  readonly key: Buffer
}

async function pair({ certFile, keyFile }: { certFile: string; keyFile: string }): Promise<Pair> {
  return { cert: await readFile(certFile), key: await readFile(keyFile) }
}

async function serverOptions(more: ServerOptions = {}): Promise<ServerOptions> {
  return { ...(await pair(own.server)), ca: await readFile(own.caFile), ...more }
}

async function call(port: number, client?: Pair): Promise<{ status: number | undefined; body: string }> {
  const ca = await readFile(own.caFile)
  const asked = request({ host: '127.0.0.1', port, path: '/', ca, agent: false, ...client }).end()
  const [response] = await once(asked, 'response')
  const chunks: Buffer[] = await response.toArray()
  return { status: response.statusCode, body: Buffer.concat(chunks).toString() }
}

const mutualTls = {
  auth: [{ mutualTlsConfig: { identities: { 'cn:client': ['orders'] } } }],
  resources: { 'GET /': true },
} as const

test('a verified client certificate is an identity, any other or none is 403 without a challenge', async (context) => {
  const options = await serverOptions({ requestCert: true, rejectUnauthorized: false })
  const server = createServer(
    options,
    protect(mutualTls, (_request, response, { principal }) => response.end(principal?.username)),
  )
  const port = await start(server, context)
  assert.equal((await call(port, await pair(own.client))).status, 200)
  assert.deepEqual(await call(port), { status: 403, body: '{"error":"forbidden"}' })
  assert.deepEqual(await call(port, await pair(foreign.client)), {
    status: 403,
    body: '{"error":"forbidden"}',
  })
})

test('a TLS server that asks for no certificate does not start under mutualTlsConfig', async () => {
  const server = createServer(
    await serverOptions(),
    protect(mutualTls, () => undefined),
  )
  server.listen(0, '127.0.0.1')
  const [error] = (await once(server, 'error')) as [Error]
  assert.match(error.message, /^auth: an entry reads the client certificate/)
})

test('TLS off loopback needs no permission, and providers see an encrypted call', async (context) => {
  const seen: boolean[] = []
  const provider = namedTokens()
  const read = provider.read.bind(provider)
  const watching = {
    ...provider,
    read: (incoming: Parameters<typeof read>[0]) => {
      seen.push(incoming.peer.encrypted)
      return read(incoming)
    },
  }
  const guarded = protect({ auth: [{ provider: watching }], resources: { 'GET /': true } }, () => undefined)
  const server = createServer(await serverOptions(), guarded)
  await once(server.listen(0, '0.0.0.0'), 'listening')
  context.after(() => server.close())
  assert.equal((await call(portOf(server))).status, 401)
  assert.deepEqual(seen, [true])
})

test('a certificate is parsed once for each connection, and never that of another', async (context) => {
  const seen: (Uint8Array | undefined)[] = []
  const options = await serverOptions({ requestCert: true, rejectUnauthorized: false })
  const server = createServer(options, (asked, response) => {
    seen.push(toCall(asked, '/', toSettings({})).peer.certificate)
    response.end()
  })
  const port = await start(server, context)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  context.after(() => agent.destroy())
  const client = { ca: await readFile(own.caFile), ...(await pair(own.client)) }
  for (const used of [agent, agent, false as const]) {
    const [response] = await once(
      request({ host: '127.0.0.1', port, agent: used, ...client }).end(),
      'response',
    )
    await response.resume().toArray()
  }
  await call(port, await pair(foreign.client))
  await call(port)
  const [first, second, third, ...strangers] = seen
  assert.ok(first !== undefined && first === second && first !== third)
  assert.deepEqual(first, third)
  assert.deepEqual(strangers, [undefined, undefined])
})
