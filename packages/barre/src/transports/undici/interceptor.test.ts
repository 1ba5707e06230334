import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { Agent, fetch, interceptors, request } from 'undici'
import type { Dispatcher } from 'undici'
import { ok, refuse, Secret, toPrincipal } from '../../core/index.ts'
import type { CredentialSource, Need, Outgoing } from '../../core/index.ts'
import { CredentialError } from '../fetch/index.ts'
import { toInterceptor } from './index.ts'
import type { InterceptorConfig } from './index.ts'

interface Seen {
  readonly path: string
  readonly credentials: readonly string[]
  body: string
}

/** A server that redirects as the query says, refuses the token `old`, and tells what it saw. */
async function serve(context: TestContext): Promise<{ origin: string; seen: Seen[] }> {
  const seen: Seen[] = []
  const server = createServer((incoming, response) => {
    const { searchParams, pathname } = new URL(incoming.url ?? '', 'http://test')
    const credentials = incoming.rawHeaders.filter((_, at) =>
      /^(authorization|dpop)$/i.test(incoming.rawHeaders[at - (at % 2)] ?? ''),
    )
    const entry: Seen = { path: pathname, credentials, body: '' }
    seen.push(entry)
    incoming.on('data', (chunk: Buffer) => (entry.body += chunk.toString()))
    incoming.on('end', () => {
      const location = searchParams.get('to')
      if (location !== null) response.writeHead(307, { location })
      else if (credentials.includes('Bearer old')) response.writeHead(401, { 'x-nonce': 'n' })
      response.end('x'.repeat(100_000))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

const token = (text: string, proof?: string): Outgoing => ({
  kind: 'token',
  scheme: 'Bearer',
  token: new Secret(text),
  ...(proof !== undefined && { proof }),
})

/** A source that gives the first token until it is refused, then the second. */
function sourceOf(first = token('good'), second = first): CredentialSource & { readonly needs: Need[] } {
  const needs: Need[] = []
  return {
    needs,
    credential(need) {
      needs.push(need)
      return ok(need.refused === undefined ? first : second)
    },
  }
}

function compose(
  context: TestContext,
  baseUrl: string,
  source: CredentialSource,
  {
    before = [],
    after = [],
    ...more
  }: Partial<InterceptorConfig> & {
    readonly before?: Dispatcher.DispatcherComposeInterceptor[]
    readonly after?: Dispatcher.DispatcherComposeInterceptor[]
  } = {},
): Dispatcher {
  const interceptor = toInterceptor({ baseUrl, auth: {}, ...more }, { credentialSource: () => source })
  const agent = new Agent()
  context.after(() => agent.destroy())
  return agent.compose(...before, interceptor, ...after)
}

const carried = ['authorization', 'Bearer good']

const headerForms: readonly (readonly [string, Dispatcher.DispatchOptions['headers']])[] = [
  ['none', null],
  ['a record', { Authorization: 'Bearer mine', DPoP: 'proof', 'x-own': ['a', 'b'] }],
  ['a flat list', ['AUTHORIZATION', 'Bearer mine', 'dpop', 'proof', 'x-own', 'a']],
  ['pairs', new Map([['authorization', 'Bearer mine']])],
]

for (const [name, headers] of headerForms) {
  test(`the one credential is ours, whatever the headers are given as: ${name}`, async (context) => {
    const { origin, seen } = await serve(context)
    const dispatcher = compose(context, origin, sourceOf())
    const { statusCode, body } = await request(`${origin}/stock`, { dispatcher, headers: headers as never })
    await body.dump()
    assert.equal(statusCode, 200)
    assert.deepEqual(seen[0]?.credentials, carried)
  })
}

test('a fetch of undici carries the credential too', async (context) => {
  const { origin, seen } = await serve(context)
  await (await fetch(`${origin}/stock`, { dispatcher: compose(context, origin, sourceOf()) })).text()
  assert.deepEqual(seen[0]?.credentials, carried)
})

const elsewhere: readonly (readonly [claim: string, base: string, path: string])[] = [
  ['above the base', '/api', '/'],
  ['beside the base', '/api', '/apis'],
  ['out of the base by dots', '/api', '/api/../admin'],
  ['out of the base by escaped dots', '/api', '/api/%2e%2e/admin'],
]

for (const [claim, base, path] of elsewhere) {
  test(`a request ${claim} carries nothing of ours`, async (context) => {
    const { origin, seen } = await serve(context)
    const source = sourceOf()
    const dispatcher = compose(context, origin + base, source)
    const { body } = await dispatcher.request({ origin, path, method: 'GET' })
    await body.dump()
    assert.deepEqual([seen[0]?.credentials, source.needs], [[], []])
  })
}

test('a request to another origin carries nothing of ours, though its target names our base', async (context) => {
  const [home, stranger] = [await serve(context), await serve(context)]
  const dispatcher = compose(context, home.origin, sourceOf())
  for (const path of ['/', `${home.origin}/`]) {
    const { body } = await dispatcher.request({ origin: stranger.origin, path, method: 'GET' })
    await body.dump()
  }
  assert.deepEqual(
    stranger.seen.map(({ credentials }) => credentials),
    [[], []],
  )
})

for (const place of ['before', 'after'] as const) {
  test(`a redirect to another origin does not carry it, with undici's redirects ${place} us`, async (context) => {
    const [home, stranger] = [await serve(context), await serve(context)]
    const redirects = [interceptors.redirect({ maxRedirections: 3 })]
    const dispatcher = compose(context, home.origin, sourceOf(), { [place]: redirects })
    const { body } = await request(`${home.origin}/?to=${encodeURIComponent(`${stranger.origin}/stolen`)}`, {
      dispatcher,
    })
    await body.dump()
    assert.deepEqual(home.seen[0]?.credentials, carried)
    assert.deepEqual(stranger.seen, [{ path: '/stolen', credentials: [], body: '' }])
  })
}

test('a 401 has the credential renewed once, and only the second answer is seen', async (context) => {
  const { origin, seen } = await serve(context)
  const source = sourceOf(token('old'), token('good', 'proof'))
  const dispatcher = compose(context, origin, source)
  const { statusCode, body } = await request(`${origin}/`, { dispatcher, method: 'POST', body: 'cup' })
  assert.equal((await body.text()).length, 100_000)
  assert.equal(statusCode, 200)
  assert.deepEqual(
    seen.map((entry) => entry.body),
    ['cup', 'cup'],
  )
  assert.deepEqual(seen[1]?.credentials, [...carried, 'dpop', 'proof'])
  assert.deepEqual(source.needs[1]?.refused?.metadata('x-nonce'), ['n'])
})

for (const [claim, second] of [
  ['the same credential again', token('old')],
  ['another one that is refused too', { ...token('old'), proof: 'other' }],
] as const) {
  test(`with ${claim} the 401 is the caller's, whole`, async (context) => {
    const { origin, seen } = await serve(context)
    const dispatcher = compose(context, origin, sourceOf(token('old'), second as Outgoing))
    const { statusCode, body } = await request(`${origin}/`, { dispatcher })
    assert.deepEqual([statusCode, (await body.text()).length], [401, 100_000])
    assert.ok(seen.length <= 2)
  })
}

test('a stream is never sent twice', async (context) => {
  const { origin, seen } = await serve(context)
  const source = sourceOf(token('old'), token('good'))
  const dispatcher = compose(context, origin, source)
  const { statusCode, body } = await request(`${origin}/`, {
    dispatcher,
    method: 'POST',
    body: Readable.from(['cup']),
  })
  await body.dump()
  assert.deepEqual([statusCode, seen.length, source.needs.length], [401, 1, 1])
})

test('a request that is aborted while the credential is renewed ends as aborted', async (context) => {
  const { origin } = await serve(context)
  const abort = new AbortController()
  const dispatcher = compose(context, origin, {
    credential(need) {
      if (need.refused === undefined) return ok(token('old'))
      abort.abort()
      return Promise.resolve(ok(token('good')))
    },
  })
  await assert.rejects(request(`${origin}/`, { dispatcher, signal: abort.signal }), { name: 'AbortError' })
})

test('without a credential nothing is sent', async (context) => {
  const { origin, seen } = await serve(context)
  const dispatcher = compose(context, origin, {
    credential: () => refuse('unavailable', 'the endpoint is down'),
  })
  await assert.rejects(request(`${origin}/`, { dispatcher }), (error) => {
    assert.ok(error instanceof CredentialError)
    return error.code === 'unavailable'
  })
  assert.deepEqual(seen, [])
})

test('a caller is passed on where no auth is configured, and nobody else', async (context) => {
  const { origin, seen } = await serve(context)
  const source = sourceOf()
  const dispatcher = compose(context, origin, source, { auth: undefined })
  const principal = toPrincipal({ id: 'alice', username: 'alice', scheme: 'Bearer' })
  const options = { dispatcher, caller: { principal, headers: { authorization: 'Bearer hers' } } }
  await (await request(`${origin}/`, options)).body.dump()
  await (await request(`${origin}/`, { dispatcher })).body.dump()
  assert.equal(source.needs[0]?.caller?.credential?.reveal(), 'hers')
  assert.deepEqual(
    seen.map(({ credentials }) => credentials),
    [carried, []],
  )
})

test('the base must be https or loopback', () => {
  const services = { credentialSource: () => sourceOf() }
  assert.throws(() => toInterceptor({ baseUrl: 'http://192.0.2.1/' }, services), {
    code: 'config',
    path: 'baseUrl',
  })
})
