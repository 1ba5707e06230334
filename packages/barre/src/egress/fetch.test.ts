import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import { after, afterEach, describe, it } from 'node:test'
import { createTestCa } from '../../../../tools/test-ca.ts'
import { allowInsecureEndpoint, ConfigError } from '../core/index.ts'
import { recheckMs, toServerOptions } from '../tls/index.ts'
import { createFetch } from './index.ts'
import type { RequestListener } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { ClientConfiguration, ListenerSecureSocket } from '../core/index.ts'

const pki = await createTestCa()
after(() => pki.remove())

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.on('connection', (socket) => closers.push(() => socket.destroy()))
  closers.push(() => server.close())
  return (server.address() as AddressInfo).port
}

function http(listener: RequestListener): Promise<number> {
  return listen(createHttpServer(listener))
}

function https(listener: RequestListener, more: Partial<ListenerSecureSocket> = {}): Promise<number> {
  return listen(createHttpsServer(toServerOptions({ key: pki.server, ...more }, 'secureSocket'), listener))
}

function open(config: ClientConfiguration = {}) {
  const fetch = createFetch(config, 'clientConfig')
  closers.push(() => fetch.close?.())
  return fetch
}

/** The reason that undici wraps in `fetch failed`. */
async function failure(response: Promise<Response>): Promise<string> {
  const error = await response.then(
    () => assert.fail('the call went through'),
    (reason: unknown) => reason as Error,
  )
  return error.cause instanceof Error ? error.cause.message : `${error.name}: ${error.message}`
}

describe('createFetch', () => {
  it('reaches a server whose authority secureSocket.cert names', async () => {
    const port = await https((_, response) => response.end('hello'))
    const fetch = open({ secureSocket: { cert: pki.caFile } })
    assert.equal(await (await fetch(`https://localhost:${port}/`)).text(), 'hello')
    assert.equal(await (await fetch(`https://127.0.0.1:${port}/`)).text(), 'hello')
  })

  it('refuses a server of an authority it does not know', async () => {
    const port = await https((_, response) => response.end())
    assert.match(await failure(open()(`https://localhost:${port}/`)), /certificate/)
  })

  it('refuses a certificate for another host, unless verifyHostName is false', async () => {
    const key = await pki.issue('elsewhere', { dnsNames: ['elsewhere.internal'] })
    const port = await https((_, response) => response.end('hello'), { key })
    const url = `https://localhost:${port}/`
    assert.match(await failure(open({ secureSocket: { cert: pki.caFile } })(url)), /does not match/)
    const lax = open({ secureSocket: { cert: pki.caFile, verifyHostName: false } })
    assert.equal((await lax(url)).status, 200)
  })

  it('asks for serverName, and checks the certificate against it', async () => {
    const key = await pki.issue('named', { dnsNames: ['orders.internal'] })
    const port = await https((request, response) => response.end((request.socket as TLSSocket).servername), {
      key,
    })
    const fetch = open({ secureSocket: { cert: pki.caFile, serverName: 'orders.internal' } })
    assert.equal(await (await fetch(`https://127.0.0.1:${port}/`)).text(), 'orders.internal')
  })

  it('shows its own certificate where the server demands one', async () => {
    const port = await https(
      (request, response) => response.end((request.socket as TLSSocket).getPeerCertificate().subject.CN),
      { mutualSsl: { cert: pki.caFile } },
    )
    const fetch = open({ secureSocket: { cert: pki.caFile, key: pki.client } })
    assert.equal(await (await fetch(`https://localhost:${port}/`)).text(), 'client')
    const anonymous = open({ secureSocket: { cert: pki.caFile } })
    assert.match(
      await failure(anonymous(`https://localhost:${port}/`)),
      /certificate required|closed|ECONNRESET|reset/,
    )
  })

  it('shows a renewed certificate on its next connection, and keeps it over a broken one', async () => {
    const port = await https(
      (request, response) => {
        const { subject } = (request.socket as TLSSocket).getPeerCertificate()
        response.setHeader('connection', 'close').end(subject.CN)
      },
      { mutualSsl: { cert: pki.caFile } },
    )
    const key = await pki.issue('renewed', { commonName: 'before' })
    const logged: string[] = []
    let nowMs = Date.now()
    const fetch = createFetch({ secureSocket: { cert: pki.caFile, key } }, 'clientConfig', {
      now: () => nowMs,
      log: {
        debug() {},
        warn() {},
        info: (_, message) => logged.push(message),
        error: (_, message) => logged.push(message),
      },
    })
    closers.push(() => fetch.close?.())
    const shown = async (): Promise<string> => (await fetch(`https://localhost:${port}/`)).text()
    assert.equal(await shown(), 'before')
    await pki.issue('renewed', { commonName: 'after' })
    assert.equal(await shown(), 'before')
    nowMs += recheckMs
    assert.equal(await shown(), 'after')
    await writeFile(key.keyFile, 'half a key')
    nowMs += recheckMs
    assert.equal(await shown(), 'after')
    assert.deepEqual(logged, [
      'the TLS files were loaded again',
      'the new TLS files are unusable; the old ones stay',
    ])
  })

  for (const [name, secureSocket, isReused] of [
    ['resumes a session by default', {}, true],
    ['resumes no session with shareSession false', { shareSession: false }, false],
  ] as const) {
    it(name, async () => {
      const port = await https((request, response) => {
        response.setHeader('connection', 'close').end(String((request.socket as TLSSocket).isSessionReused()))
      })
      const fetch = open({ secureSocket: { cert: pki.caFile, ...secureSocket } })
      assert.equal(await (await fetch(`https://localhost:${port}/`)).text(), 'false')
      assert.equal(await (await fetch(`https://localhost:${port}/`)).text(), String(isReused))
    })
  }

  it('speaks HTTP/2 when httpVersion says so', async () => {
    const options = { ...toServerOptions({ key: pki.server }, 'secureSocket'), allowHTTP1: true }
    const server = createSecureServer(options, (request, response) => response.end(request.httpVersion))
    const port = await listen(server)
    const secureSocket = { cert: pki.caFile }
    for (const [httpVersion, expected] of [
      ['HTTP_1_1', '1.1'],
      ['HTTP_2', '2.0'],
    ] as const) {
      const fetch = open({ httpVersion, secureSocket })
      assert.equal(await (await fetch(`https://localhost:${port}/`)).text(), expected)
    }
  })

  it('gives up a handshake that takes longer than handshakeTimeout', async () => {
    const port = await listen(createTcpServer((socket) => socket.on('error', () => undefined)))
    const fetch = open({ secureSocket: { handshakeTimeout: 0.02 } })
    assert.match(
      await failure(fetch(`https://localhost:${port}/`)),
      /TLS handshake was not ready within 20 ms/,
    )
  })

  it('gives up a connection that takes longer than connectTimeout', async () => {
    const port = await listen(createTcpServer((socket) => socket.on('error', () => undefined)))
    const fetch = open({ connectTimeout: 0.02 })
    assert.match(await failure(fetch(`https://localhost:${port}/`)), /connection was not ready within 20 ms/)
  })

  it('gives up an answer that takes longer than reqTimeout, body included', async () => {
    const port = await http((_, response) => response.writeHead(200).write('begun'))
    const fetch = open({ reqTimeout: 0.05 })
    const body = fetch(`http://localhost:${port}/`).then((response) => response.text())
    await assert.rejects(body, { name: 'TimeoutError' })
  })

  it("honours the caller's signal", async () => {
    const port = await http(() => undefined)
    const controller = new AbortController()
    const call = open()(`http://localhost:${port}/`, { signal: controller.signal })
    controller.abort(new Error('enough'))
    await assert.rejects(call, /enough/)
  })

  it('does not follow redirects unless asked', async () => {
    const port = await http((request, response) => {
      if (request.url === '/old') response.writeHead(302, { location: '/new' })
      response.end(request.url)
    })
    const fetch = open()
    assert.equal((await fetch(`http://localhost:${port}/old`)).status, 302)
    const followed = await fetch(`http://localhost:${port}/old`, { redirect: 'follow' })
    assert.equal(await followed.text(), '/new')
  })

  it('refuses plain http off loopback, also behind a redirect, without the named option', async () => {
    const port = await http((_, response) => response.writeHead(302, { location: 'http://192.0.2.1/' }).end())
    assert.match(await failure(open()('http://192.0.2.1/')), /plain http to 192\.0\.2\.1 is refused/)
    const followed = open()(`http://localhost:${port}/`, { redirect: 'follow' })
    assert.match(await failure(followed), /plain http to 192\.0\.2\.1 is refused/)
    const insecure = open({ [allowInsecureEndpoint]: true })
    const stopped = insecure('http://192.0.2.1/', { signal: AbortSignal.timeout(5) })
    assert.doesNotMatch(await failure(stopped), /plain http/)
  })

  it("sends customHeaders, but lets the call's own win", async () => {
    const port = await http((request, response) =>
      response.end([request.headers['x-a'], request.headers['x-b']].join(' ')),
    )
    const fetch = open({ customHeaders: { 'X-A': '1', 'X-B': '1' } })
    assert.equal(await (await fetch(`http://localhost:${port}/`, { headers: { 'x-b': '2' } })).text(), '1 2')
  })

  it('sends a FormData as one', async () => {
    const port = await http((request, response) => request.pipe(response))
    const form = new FormData()
    form.append('order', '17')
    const answer = await open()(`http://localhost:${port}/`, { method: 'POST', body: form })
    assert.match(await answer.text(), /name="order"\r\n\r\n17\r\n/)
  })

  it('refuses calls after close', async () => {
    const port = await http((_, response) => response.end())
    const fetch = open()
    await (await fetch(`http://localhost:${port}/`)).text()
    await fetch.close?.()
    await assert.rejects(fetch(`http://localhost:${port}/`), /after close/)
  })

  it('lets the process end while a connection is kept for the next call', async () => {
    const port = await http((_, response) => response.end())
    const script = `
      import { createFetch } from ${JSON.stringify(import.meta.resolve('./index.ts'))}
      const response = await createFetch({}, '')('http://localhost:${port}/')
      await response.text()`
    const child = spawn(process.execPath, ['--conditions=@barre/source', '--input-type=module', '-e', script])
    assert.deepEqual(await once(child, 'exit'), [0, null])
  })

  for (const [name, config, path] of [
    ['an unknown field', { timeout: 5 }, 'clientConfig.timeout'],
    ['a time-out of 0', { reqTimeout: 0 }, 'clientConfig.reqTimeout'],
    ['an absent trust file', { secureSocket: { cert: '/no/ca.crt' } }, 'clientConfig.secureSocket.cert'],
    ['HTTP/3', { httpVersion: 'HTTP_3' }, 'clientConfig.httpVersion'],
  ] as const) {
    it(`refuses ${name} at start`, () => {
      assert.throws(
        () => createFetch(config as ClientConfiguration, 'clientConfig'),
        (error) => error instanceof ConfigError && error.path === path,
      )
    })
  }

  it('reads the trust file once, at start', async () => {
    const file = `${pki.directory}/once.crt`
    await writeFile(file, await readFile(pki.caFile))
    const fetch = open({ secureSocket: { cert: file } })
    await rm(file)
    const port = await https((_, response) => response.end())
    assert.equal((await fetch(`https://localhost:${port}/`)).status, 200)
  })
})
