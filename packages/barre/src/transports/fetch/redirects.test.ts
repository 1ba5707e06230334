import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterEach, describe, it } from 'node:test'
import { ok, Secret } from '../../core/index.ts'
import { fetchClient } from './index.ts'
import type { FetchClient, FetchClientConfig } from './index.ts'
import type { AddressInfo } from 'node:net'

const closers: (() => unknown)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

interface Seen {
  readonly method: string
  readonly url: string
  readonly authorization: string | undefined
  readonly names: readonly string[]
  body: string
}

/** A server that redirects as the query says (`/?302=/next`), and tells what it saw. */
async function serve(): Promise<{ origin: string; seen: Seen[] }> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://test')
    const entry = {
      method: request.method!,
      url: url.pathname,
      authorization: request.headers.authorization,
      names: Object.keys(request.headers),
      body: '',
    }
    seen.push(entry)
    request.on('data', (chunk: Buffer) => (entry.body += chunk.toString()))
    request.on('end', () => {
      const [[status, location] = []] = url.searchParams
      if (status !== undefined) response.writeHead(Number(status), { location })
      response.end('done')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(
    () => server.close(),
    () => server.closeAllConnections(),
  )
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

function client(
  baseUrl: string,
  followRedirects: unknown,
  more: Partial<FetchClientConfig> = {},
): FetchClient {
  const config = { baseUrl, auth: {}, followRedirects, ...more } as FetchClientConfig
  const credential = ok({ kind: 'token', scheme: 'Bearer', token: new Secret('abc') } as const)
  return fetchClient(config, {
    fetchFor: () => globalThis.fetch,
    credentialSource: () => ({ credential: () => credential }),
  })
}

const follow = { enabled: true }

describe('redirects', () => {
  it('are not followed by default', async () => {
    const { origin, seen } = await serve()
    for (const rules of [undefined, {}, { enabled: false, maxCount: 9 }]) {
      assert.equal((await client(origin, rules)('/?302=/next')).status, 302)
    }
    assert.equal(seen.length, 3)
  })

  it("obey the call's own `redirect` first", async () => {
    const { origin } = await serve()
    assert.equal((await client(origin, {})('/?302=/next', { redirect: 'follow' })).status, 200)
    assert.equal((await client(origin, follow)('/?302=/next', { redirect: 'manual' })).status, 302)
    await assert.rejects(client(origin, follow)('/?302=/next', { redirect: 'error' }), TypeError)
  })

  for (const [rules, expected] of [
    [{ enabled: true }, undefined],
    [{ enabled: true, allowAuthHeaders: true }, 'Bearer abc'],
  ] as const) {
    it(`carry ${expected ?? 'no credential'} within the origin with ${JSON.stringify(rules)}`, async () => {
      const { origin, seen } = await serve()
      assert.equal((await client(origin, rules)('/?302=/next')).status, 200)
      assert.deepEqual(
        seen.map(({ url, authorization }) => [url, authorization]),
        [
          ['/', 'Bearer abc'],
          ['/next', expected],
        ],
      )
    })
  }

  it('carry nothing that may be a credential to another origin, nor back from there', async () => {
    const [home, abroad] = [await serve(), await serve()]
    const back = encodeURIComponent(`${home.origin}/back`)
    const away = encodeURIComponent(`${abroad.origin}/?302=${back}`)
    const call = client(home.origin, { enabled: true, allowAuthHeaders: true })
    await call(`/?302=${away}`, { headers: { cookie: 'a=1', 'x-api-key': 'k', accept: 'text/plain' } })
    const [visit] = abroad.seen
    assert.equal(visit!.authorization, undefined)
    assert.deepEqual(
      ['accept', 'cookie', 'x-api-key'].filter((name) => visit!.names.includes(name)),
      ['accept'],
    )
    assert.deepEqual(
      home.seen.map(({ authorization }) => authorization),
      ['Bearer abc', undefined],
    )
  })

  for (const [name, more] of [
    ['a client certificate', { secureSocket: { key: { certFile: 'a', keyFile: 'b' } } }],
    ['headers of its own', { customHeaders: { 'x-api-key': 'k' } }],
  ] as const) {
    it(`to another origin are not followed by a client with ${name}`, async () => {
      const [home, abroad] = [await serve(), await serve()]
      const call = client(home.origin, follow, more)
      assert.equal((await call(`/?302=${encodeURIComponent(abroad.origin)}`)).status, 302)
      assert.equal((await call('/?302=/next')).status, 200)
      assert.equal(abroad.seen.length, 0)
    })
  }

  for (const [maxCount, hops, isFollowed] of [
    [undefined, 5, true],
    [undefined, 6, false],
    [1, 1, true],
    [1, 2, false],
  ] as const) {
    const outcome = isFollowed ? 'followed' : 'refused'
    it(`${hops} in a row are ${outcome} with maxCount ${maxCount ?? 'by default'}`, async () => {
      const { origin } = await serve()
      const path = Array.from({ length: hops }).reduce(
        (next) => `/?302=${encodeURIComponent(String(next))}`,
        '/end',
      )
      const call = client(origin, { ...follow, ...(maxCount !== undefined && { maxCount }) })(String(path))
      if (isFollowed) assert.equal((await call).status, 200)
      else await assert.rejects(call, /more than \d redirects/)
    })
  }

  for (const [status, method, expected] of [
    [301, 'POST', 'GET '],
    [302, 'POST', 'GET '],
    [303, 'PUT', 'GET '],
    [302, 'PUT', 'PUT order'],
    [307, 'POST', 'POST order'],
    [308, 'PATCH', 'PATCH order'],
  ] as const) {
    it(`${status} after ${method} sends ${expected}`, async () => {
      const { origin, seen } = await serve()
      await client(origin, follow)(`/?${status}=/next`, { method, body: 'order' })
      assert.equal(`${seen[1]!.method} ${seen[1]!.body}`, expected)
      assert.equal(seen[1]!.names.includes('content-type'), expected.endsWith('order'))
    })
  }

  it('that would need a consumed stream again are returned', async () => {
    const { origin, seen } = await serve()
    const body = new Blob(['order']).stream()
    const response = await client(origin, follow)('/?307=/next', { method: 'POST', body, duplex: 'half' })
    assert.deepEqual([response.status, seen.length], [307, 1])
  })

  it('to plain http off loopback are refused', async () => {
    const { origin } = await serve()
    const call = client(origin, follow)(`/?302=${encodeURIComponent('http://192.0.2.1/')}`)
    await assert.rejects(call, /plain http \(192\.0\.2\.1\) is not followed/)
  })

  it('without a usable location are returned', async () => {
    const { origin } = await serve()
    assert.equal((await client(origin, follow)(`/?302=${encodeURIComponent('http://[')}`)).status, 302)
    assert.equal((await client(origin, follow)('/?304=/next')).status, 304)
  })
})
