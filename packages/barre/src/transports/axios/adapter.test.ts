import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { AxiosError, create } from 'axios'
import type { AxiosInstance } from 'axios'
import { ok, refuse, Secret } from '../../core/index.ts'
import type { CredentialSource, Outgoing } from '../../core/index.ts'
import { CredentialError } from '../fetch/index.ts'
import type { FetchClientConfig } from '../fetch/index.ts'
import { toAdapter } from './index.ts'

/** A server that redirects as the query says, refuses the token `old`, and tells what it saw. */
async function serve(context: TestContext) {
  const seen: (readonly [path: string, authorization: string | undefined])[] = []
  const server = createServer((incoming, response) => {
    const { searchParams, pathname } = new URL(incoming.url ?? '', 'http://test')
    const { authorization } = incoming.headers
    seen.push([pathname, authorization])
    response.setHeader('content-type', 'application/json')
    const location = searchParams.get('to')
    if (location !== null) response.writeHead(307, { location })
    else if (authorization === 'Bearer old') response.writeHead(401)
    incoming.pipe(response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

const token = (text: string): Outgoing => ({ kind: 'token', scheme: 'Bearer', token: new Secret(text) })
const always = (text: string): CredentialSource => ({ credential: () => ok(token(text)) })

function instance(
  baseUrl: string,
  source = always('good'),
  more: Partial<FetchClientConfig> = {},
): AxiosInstance {
  const config: FetchClientConfig = { baseUrl, auth: {}, ...more }
  const services = { fetchFor: () => globalThis.fetch, credentialSource: () => source }
  return create({ adapter: toAdapter(config, services) })
}

test('an instance calls below its base, with our credential and what axios makes of the body', async (context) => {
  const { origin, seen } = await serve(context)
  const headers = { Authorization: 'Bearer mine' }
  const { data, status } = await instance(`${origin}/api`).post('/stock', { item: 'cup' }, { headers })
  assert.deepEqual([status, data], [200, { item: 'cup' }])
  assert.deepEqual(seen, [['/api/stock', 'Bearer good']])
})

for (const target of ['http://127.0.0.1:1/', '/../admin']) {
  test(`a call to ${target} does not leave the base`, async (context) => {
    const { origin, seen } = await serve(context)
    await assert.rejects(instance(`${origin}/api`).get(target))
    assert.deepEqual(
      seen.filter(([path]) => !path.startsWith('/api')),
      [],
    )
  })
}

test('a 401 has the credential renewed once', async (context) => {
  const { origin, seen } = await serve(context)
  const source: CredentialSource = {
    credential: ({ refused }) => ok(token(refused === undefined ? 'old' : 'good')),
  }
  const { data } = await instance(origin, source).post('/', { item: 'cup' })
  assert.deepEqual(data, { item: 'cup' })
  assert.deepEqual(
    seen.map(([, authorization]) => authorization),
    ['Bearer old', 'Bearer good'],
  )
  await assert.rejects(instance(origin, always('old')).get('/'), { status: 401 })
})

test('redirects are not followed unless the configuration says so, and never carry it elsewhere', async (context) => {
  const [home, stranger] = [await serve(context), await serve(context)]
  const url = `/?to=${encodeURIComponent(`${stranger.origin}/stolen`)}`
  await assert.rejects(instance(home.origin).get(url), { status: 307 })
  assert.deepEqual(stranger.seen, [])
  await instance(home.origin, always('good'), {
    followRedirects: { enabled: true, allowAuthHeaders: true },
  }).get(url)
  assert.deepEqual(stranger.seen, [['/stolen', undefined]])
})

test('without a credential nothing is sent, and the cause says why', async (context) => {
  const { origin, seen } = await serve(context)
  const source: CredentialSource = { credential: () => refuse('unavailable', 'the endpoint is down') }
  await assert.rejects(instance(origin, source).get('/'), (error) => {
    assert.ok(error instanceof AxiosError)
    assert.ok(error.cause instanceof CredentialError)
    return error.code === 'unavailable'
  })
  assert.deepEqual(seen, [])
})
