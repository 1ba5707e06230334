import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, createServer, request } from 'node:https'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { createTestCa } from '../../../tools/test-ca.ts'
import { auth, bearer, echo, listen, nowSeconds, testGateway } from '../test/fixture.ts'
import { startGateway } from './index.ts'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { IncomingMessage } from 'node:http'
import type { TestContext } from 'node:test'
import type { TestCa } from '../../../tools/test-ca.ts'

let ca: TestCa
before(async () => {
  ca = await createTestCa()
})
after(() => ca.remove())

/** An upstream that demands a client certificate and answers with its name. */
async function mutualTlsUpstream(t: TestContext): Promise<string> {
  const server = createServer(
    {
      cert: readFileSync(ca.server.certFile),
      key: readFileSync(ca.server.keyFile),
      ca: readFileSync(ca.caFile),
      requestCert: true,
      rejectUnauthorized: true,
    },
    (incoming, response) => {
      const { subject } = (incoming.socket as TLSSocket).getPeerCertificate()
      response.end(`hello ${String(subject.CN)}`)
    },
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `https://localhost:${(server.address() as AddressInfo).port}`
}

async function get(
  t: TestContext,
  url: string,
  headers: Record<string, string> = {},
): Promise<[number, string]> {
  const agent = new Agent({ ca: readFileSync(ca.caFile) })
  t.after(() => agent.destroy())
  const sent = request(url.replace('127.0.0.1', 'localhost'), { agent, headers })
  sent.end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  let body = ''
  for await (const chunk of answer) body += String(chunk)
  return [answer.statusCode ?? 0, body]
}

test('TLS in, mutual TLS out', async (t) => {
  const url = await mutualTlsUpstream(t)
  const gateway = await startGateway(
    {
      port: 0,
      publicOrigin: 'https://api.test',
      secureSocket: { key: ca.server },
      auth,
      upstreams: {
        known: { url, secureSocket: { cert: ca.caFile, key: ca.client } },
        nameless: { url, secureSocket: { cert: ca.caFile } },
        distrusted: { url, secureSocket: { key: ca.client } },
      },
      routes: ['known', 'nameless', 'distrusted'].map((upstream) => ({ path: `/${upstream}`, upstream })),
    },
    { now: () => nowMs },
  )
  t.after(() => gateway.close())
  const headers = await bearer({ exp: nowSeconds * 2 })
  assert.deepEqual(await get(t, `${gateway.url}/known`, headers), [200, 'hello client'])
  assert.equal((await get(t, `${gateway.url}/nameless`, headers))[0], 502, 'without our certificate')
  assert.equal(
    (await get(t, `${gateway.url}/distrusted`, headers))[0],
    502,
    'a server that nobody vouches for',
  )
})

// Certificates are valid now, unlike the fixed clock of the other tests.
const nowMs = performance.timeOrigin + performance.now()

test('close lets a request in flight end, and takes no new one', async (t) => {
  let release: (() => void) | undefined
  const { url, server } = await listen(t, (incoming, response) => {
    release = () => void echo(incoming, response)
  })
  const gateway = await startGateway({
    port: 0,
    publicOrigin: 'https://api.test',
    upstreams: { slow: { url } },
    routes: [{ path: '/*', auth: false, upstream: 'slow' }],
  })
  const arrived = once(server, 'request')
  const answer = fetch(gateway.url)
  await arrived
  const closed = gateway.close()
  const late = connect(Number(new URL(gateway.url).port), '127.0.0.1')
  const [error] = (await once(late, 'error').catch((thrown: unknown) => [thrown])) as [{ code: string }]
  assert.equal(error.code, 'ECONNREFUSED')
  release?.()
  assert.equal((await answer).status, 200)
  await closed
})

test('close does not wait for ever', async (t) => {
  const { url, server } = await listen(t, () => undefined)
  const gateway = await startGateway({
    port: 0,
    publicOrigin: 'https://api.test',
    upstreams: { stuck: { url } },
    routes: [{ path: '/*', auth: false, upstream: 'stuck' }],
    limits: { closeTimeout: 0.05 },
  })
  const arrived = once(server, 'request')
  const answer = fetch(gateway.url)
  await arrived
  const [outcome] = await Promise.allSettled([answer, gateway.close()])
  assert.equal(outcome.status, 'rejected')
})

test('an answer is streamed as it comes', async (t) => {
  let finish: (() => void) | undefined
  const { url } = await listen(t, (_request, response) => {
    response.write('first')
    finish = () => response.end('last')
  })
  const gateway = await testGateway(t, url, [{ auth: false }])
  const response = await fetch(gateway.url)
  const reader = response.body!.getReader()
  assert.equal(await next(reader), 'first')
  finish?.()
  assert.equal(await next(reader), 'last')
})

async function next(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const { value } = await reader.read()
  return Buffer.from(value ?? []).toString()
}

test('connections to the upstream are used again', async (t) => {
  const { url, server } = await listen(t, echo)
  let connections = 0
  server.on('connection', () => connections++)
  const gateway = await testGateway(t, url, [{ auth: false }])
  for (const _ of [1, 2, 3]) await (await fetch(gateway.url)).text()
  assert.equal(connections, 1)
})

test('a client that goes away ends the upstream’s work', async (t) => {
  const { url, server } = await listen(t, () => undefined)
  const gateway = await testGateway(t, url, [{ auth: false }])
  const controller = new AbortController()
  const arrived = once(server, 'request') as Promise<[IncomingMessage]>
  const answer = fetch(gateway.url, { signal: controller.signal })
  const [incoming] = await arrived
  controller.abort()
  await Promise.allSettled([answer])
  if (!incoming.socket.destroyed) await once(incoming.socket, 'close')
})
