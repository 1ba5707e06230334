import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterEach, describe, it } from 'node:test'
import { ok, refuse, Secret, toPrincipal } from '../../core/index.ts'
import type { CredentialSource, Fetch, Need, Outgoing } from '../../core/index.ts'
import { CredentialError, enrich, fetchClient } from './index.ts'
import type { FetchClient, FetchClientConfig } from './index.ts'
import type { IncomingMessage, RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

/** A real server on a free port; answers with its origin. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(
    () => server.close(),
    () => server.closeAllConnections(),
  )
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A server that answers with the Authorization it was shown, and keeps what it was asked. */
async function mirror(): Promise<{ origin: string; requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = []
  const origin = await serve((request, response) => {
    requests.push(request)
    response.end(request.headers.authorization ?? 'nobody')
  })
  return { origin, requests }
}

function token(value: string, more: { scheme?: 'DPoP'; proof?: string } = {}): Outgoing {
  return { kind: 'token', scheme: 'Bearer', token: new Secret(value), ...more }
}

/** A source that gives `outgoings` one after the other, moving on only when the current one was refused. */
function sourceOf(...outgoings: Outgoing[]): CredentialSource & { needs: Need[] } {
  const needs: Need[] = []
  let current = 0
  return {
    needs,
    credential(need) {
      needs.push(need)
      if (need.refused?.credential === outgoings[current] && current < outgoings.length - 1) current++
      return ok(outgoings[current]!)
    },
  }
}

const propagation: CredentialSource = {
  credential: ({ caller }) =>
    caller?.credential === undefined
      ? refuse('missing', 'no caller')
      : ok({ kind: 'token', scheme: 'Bearer', token: caller.credential }),
}

function client(
  baseUrl: string,
  source?: CredentialSource,
  more: Partial<FetchClientConfig> = {},
  fetch: Fetch = globalThis.fetch,
): FetchClient {
  const config = { baseUrl, ...(source !== undefined && { auth: source }), ...more }
  const call = fetchClient(config, {
    fetchFor: () => fetch,
    credentialSource: (auth) => (auth === source ? source! : propagation),
  })
  closers.push(() => call.close())
  return call
}

const principal = toPrincipal({ id: 'alice', username: 'alice', scheme: 'Bearer' })

describe('a client', () => {
  for (const [name, outgoing, expected] of [
    [
      'Basic',
      { kind: 'password', username: 'alice', password: new Secret('pässword:1') },
      `Basic ${Buffer.from('alice:pässword:1').toString('base64')}`,
    ],
    ['Bearer', token('abc'), 'Bearer abc'],
    ['DPoP', token('abc', { scheme: 'DPoP', proof: 'p' }), 'DPoP abc'],
  ] as const) {
    it(`attaches a ${name} credential`, async () => {
      const { origin, requests } = await mirror()
      const call = client(origin, sourceOf(outgoing))
      const response = await call('/order/1', { method: 'PUT', body: '{}', headers: { 'x-a': '1' } })
      assert.equal(await response.text(), expected)
      assert.deepEqual(
        [requests[0]!.method, requests[0]!.url, requests[0]!.headers['x-a']],
        ['PUT', '/order/1', '1'],
      )
      assert.equal(requests[0]!.headers['dpop'], name === 'DPoP' ? 'p' : undefined)
    })
  }

  it('calls without a credential when it has no auth and no caller', async () => {
    const { origin } = await mirror()
    assert.equal(await (await client(origin)('/')).text(), 'nobody')
  })

  it('tells its source what the call is', async () => {
    const { origin } = await mirror()
    const source = sourceOf(token('abc'))
    const { signal } = new AbortController()
    await client(origin, source)('/a?b=1', { method: 'post', audience: 'stock', scopes: ['read'], signal })
    assert.deepEqual(source.needs, [
      { method: 'POST', target: `${origin}/a?b=1`, audience: 'stock', scopes: ['read'], signal },
    ])
  })

  it('throws a CredentialError with the denial code, and sends nothing, when the source refuses', async () => {
    const { origin, requests } = await mirror()
    const call = client(origin, { credential: () => refuse('unavailable', 'the token endpoint is down') })
    await assert.rejects(call('/'), (error) => {
      assert.ok(error instanceof CredentialError)
      assert.equal(error.code, 'unavailable')
      assert.match(error.message, /the token endpoint is down/)
      return true
    })
    assert.equal(requests.length, 0)
  })

  it("honours the call's signal", async () => {
    const origin = await serve(() => undefined)
    const controller = new AbortController()
    const pending = client(origin)('/', { signal: controller.signal })
    controller.abort(new Error('enough'))
    await assert.rejects(pending, /enough/)
  })

  it('closes its source and its connections', async () => {
    const closed: string[] = []
    const fetch = Object.assign(globalThis.fetch.bind(globalThis), {
      close: async () => void closed.push('fetch'),
    })
    const source = { ...sourceOf(token('a')), close: async () => void closed.push('source') }
    await client('http://localhost', source, {}, fetch).close()
    assert.deepEqual(closed.toSorted(), ['fetch', 'source'])
  })

  it('gives the headers of a call to other clients', async () => {
    const source = sourceOf(token('abc'))
    const headers = await client('http://localhost', source).enrich({ 'x-a': '1' }, '/order')
    assert.deepEqual(
      [...headers],
      [
        ['authorization', 'Bearer abc'],
        ['x-a', '1'],
      ],
    )
    assert.equal(source.needs[0]!.target, 'http://localhost/order')
    assert.equal((await enrich({}, source)).get('authorization'), 'Bearer abc')
    assert.deepEqual([...(await client('http://localhost').enrich({}))], [])
  })
})

describe('on behalf of a caller', () => {
  const inbound = [
    ['the token of a request', { principal, headers: { authorization: 'bearer abc' } }],
    ['the token of a web Request', { principal, headers: new Headers({ authorization: 'Bearer abc' }) }],
    ['a token given by itself', { principal, credential: new Secret('abc') }],
  ] as const
  for (const [name, caller] of inbound) {
    it(`passes on ${name}`, async () => {
      const { origin } = await mirror()
      assert.equal(await (await client(origin)('/', { caller })).text(), 'Bearer abc')
    })
  }

  for (const [name, caller] of [
    ['a request that no guard let in', { headers: { authorization: 'Bearer abc' } }],
    ['a password', { principal, headers: { authorization: 'Basic YTpi' } }],
    ['a request without credential', { principal, headers: {} }],
  ] as const) {
    it(`does not pass on ${name}`, async () => {
      const { origin, requests } = await mirror()
      await assert.rejects(client(origin)('/', { caller }), { name: 'CredentialError', code: 'missing' })
      assert.equal(requests.length, 0)
    })
  }

  it("prefers the client's own source, and tells it of the caller", async () => {
    const { origin } = await mirror()
    const source = sourceOf(token('own'))
    const call = client(origin, source)
    const response = await call('/', { caller: { principal, headers: { authorization: 'Bearer abc' } } })
    assert.equal(await response.text(), 'Bearer own')
    assert.equal(source.needs[0]!.caller?.principal, principal)
  })
})

/** A server that accepts only `Bearer good`, and counts. */
async function strict(): Promise<{ origin: string; seen: string[] }> {
  const seen: string[] = []
  const origin = await serve((request, response) => {
    seen.push(request.headers.authorization ?? '')
    if (request.headers.authorization !== 'Bearer good')
      response.writeHead(401, { 'www-authenticate': 'Bearer x' })
    request.pipe(response)
  })
  return { origin, seen }
}

function orderStream(): ReadableStream {
  return new Blob(['order']).stream()
}

describe('after a 401', () => {
  for (const [name, body] of [
    ['text', 'order'],
    ['bytes', Buffer.from('order')],
    ['a Blob', new Blob(['order'])],
    ['parameters', new URLSearchParams('order')],
  ] as const) {
    it(`renews the credential and sends ${name} again`, async () => {
      const { origin, seen } = await strict()
      const source = sourceOf(token('old'), token('good'))
      const response = await client(origin, source)('/', { method: 'POST', body })
      assert.equal(response.status, 200)
      assert.match(await response.text(), /^order/)
      assert.deepEqual(seen, ['Bearer old', 'Bearer good'])
      assert.deepEqual(source.needs[1]!.refused?.metadata('WWW-Authenticate'), ['Bearer x'])
      assert.deepEqual(source.needs[1]!.refused?.metadata('dpop-nonce'), [])
    })
  }

  it('tries once more, not twice', async () => {
    const { origin, seen } = await strict()
    assert.equal((await client(origin, sourceOf(token('a'), token('b'), token('good')))('/')).status, 401)
    assert.deepEqual(seen, ['Bearer a', 'Bearer b'])
  })

  it('does not repeat a credential that cannot be renewed', async () => {
    const { origin, seen } = await strict()
    assert.equal((await client(origin, sourceOf(token('fixed')))('/')).status, 401)
    assert.deepEqual(seen, ['Bearer fixed'])
  })

  it('repeats a token with a new proof of possession', async () => {
    const { origin, seen } = await strict()
    const proofs = [token('a', { scheme: 'DPoP', proof: '1' }), token('a', { scheme: 'DPoP', proof: '2' })]
    await client(origin, sourceOf(...proofs))('/')
    assert.deepEqual(seen, ['DPoP a', 'DPoP a'])
  })

  it('never sends a consumed stream again, but lets the source renew for the next call', async () => {
    const { origin, seen } = await strict()
    const call = client(origin, sourceOf(token('old'), token('good')))
    const first = await call('/', { method: 'POST', body: orderStream(), duplex: 'half' })
    assert.equal(first.status, 401)
    const second = await call('/', { method: 'POST', body: orderStream(), duplex: 'half' })
    assert.equal(await second.text(), 'order')
    assert.deepEqual(seen, ['Bearer old', 'Bearer good'])
  })

  it('returns the 401 with its body when the renewal is refused', async () => {
    const { origin } = await strict()
    const source: CredentialSource = {
      credential: ({ refused }) => (refused ? refuse('unavailable', 'down') : ok(token('old'))),
    }
    const response = await client(origin, source)('/', { method: 'POST', body: 'order' })
    assert.deepEqual([response.status, await response.text()], [401, 'order'])
  })
})

describe('the target of a call', () => {
  const base = 'https://orders.internal/api/'
  const reached = async (path: string | URL): Promise<string> => {
    let url = ''
    const fetch: Fetch = async (target) => ((url = String(target)), new Response())
    await client(base, undefined, {}, fetch)(path)
    return url
  }
  for (const [path, expected] of [
    ['/order/1', 'https://orders.internal/api/order/1'],
    ['order/1', 'https://orders.internal/api/order/1'],
    ['', 'https://orders.internal/api'],
    ['?page=2', 'https://orders.internal/api?page=2'],
    ['//evil.example/x', 'https://orders.internal/api//evil.example/x'],
    ['@evil.example', 'https://orders.internal/api/@evil.example'],
    ['https://orders.internal/api/order/1', 'https://orders.internal/api/order/1'],
    [new URL('https://orders.internal/api/a'), 'https://orders.internal/api/a'],
  ] as const) {
    it(`is ${expected} for ${JSON.stringify(path)}`, async () => assert.equal(await reached(path), expected))
  }
  for (const path of [
    'https://evil.example/api/',
    'http://orders.internal/api/',
    'https://orders.internal:8443/api/',
    'https://orders.internal/admin',
    '/../admin',
    '/%2e%2e/admin',
    '\\..\\..\\admin',
    'evil:8080/x',
  ]) {
    it(`is refused for ${path}`, async () => assert.rejects(reached(path), /the call would leave/))
  }
})

describe('a client is refused at start', () => {
  for (const [name, config, path] of [
    ['without baseUrl', {}, 'baseUrl'],
    ['with a relative baseUrl', { baseUrl: '/api' }, 'baseUrl'],
    ['with plain http off loopback', { baseUrl: 'http://orders.internal' }, 'baseUrl'],
    ['with a query in baseUrl', { baseUrl: 'https://orders.internal/?a=1' }, 'baseUrl'],
    ['with too many redirects', { followRedirects: { maxCount: 21 } }, 'followRedirects.maxCount'],
    ['with an unknown redirect rule', { followRedirects: { max: 2 } }, 'followRedirects.max'],
  ] as const) {
    it(name, () => {
      const more = path === 'baseUrl' ? config : { baseUrl: 'https://orders.internal', ...config }
      assert.throws(() => client(undefined!, undefined, more), {
        name: 'ConfigError',
        path,
      })
    })
  }
})
