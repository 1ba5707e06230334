import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import { after, describe, it } from 'node:test'
import { createTestCa } from '../../../../tools/test-ca.ts'
import { createServices } from '../auth/index.ts'
import { ConfigError, ok, Secret, toPrincipal } from '../core/index.ts'
import { decodeJwt } from '../jose/index.ts'
import { toServerOptions } from '../tls/index.ts'
import { createClient } from './fetch.ts'
import type { ClientOptions } from './fetch.ts'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'

const pki = await createTestCa()
const server = createServer(
  toServerOptions(
    { key: pki.server, mutualSsl: { cert: pki.caFile, verifyClient: 'OPTIONAL' } },
    'secureSocket',
  ),
  (request, response) => {
    const peer = (request.socket as TLSSocket).getPeerCertificate().subject?.CN
    response.end(JSON.stringify([request.url, request.headers.authorization ?? null, peer ?? null]))
  },
)
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const baseUrl = `https://localhost:${(server.address() as AddressInfo).port}`
after(async () => {
  server.close()
  server.closeAllConnections()
  await pki.remove()
})

async function answer(options: Partial<ClientOptions>, init = {}): Promise<[string, string, string]> {
  const call = createClient({ baseUrl, secureSocket: { cert: pki.caFile }, ...options })
  try {
    return (await (await call('/order/1', init)).json()) as [string, string, string]
  } finally {
    await call.close()
  }
}

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const principal = toPrincipal({ id: 'alice', username: 'alice', scheme: 'Bearer' })
const caller = { principal, headers: { authorization: 'Bearer abc' } }

describe('createClient', () => {
  for (const [name, options, init, expected] of [
    ['no credential', {}, {}, null],
    ['a password', { auth: { username: 'tom', password: '123' } }, {}, 'Basic dG9tOjEyMw=='],
    ['a token', { auth: { token: 'abc' } }, {}, 'Bearer abc'],
    ["the caller's token", {}, { caller }, 'Bearer abc'],
    ["the caller's token, by auth", { auth: { propagate: true } }, { caller }, 'Bearer abc'],
  ] as const) {
    it(`calls over TLS with ${name}`, async () => {
      assert.deepEqual(await answer(options, init), ['/order/1', expected, null])
    })
  }

  it('calls with a token that it signs itself', async () => {
    const auth = {
      issuer: 'orders',
      audience: 'stock',
      signatureConfig: { algorithm: 'ES256', config: privateKey },
    }
    const [, authorization] = await answer({ auth } as Partial<ClientOptions>)
    const decoded = decodeJwt(authorization.replace('Bearer ', ''))
    assert.equal(decoded.ok && decoded.value.payload['iss'], 'orders')
  })

  it('calls with a client certificate', async () => {
    const [, , peer] = await answer({ secureSocket: { cert: pki.caFile, key: pki.client } })
    assert.equal(peer, 'client')
  })

  for (const [name, options, path] of [
    ['a client without baseUrl', { baseUrl: undefined }, 'baseUrl'],
    ['an auth of no kind', { auth: { apiKey: 'x' } }, 'auth'],
    ['an unknown field', { timeout: 5 }, 'timeout'],
    ['an absent certificate', { secureSocket: { cert: '/no/ca.crt' } }, 'secureSocket.cert'],
  ] as const) {
    it(`refuses ${name} at start`, () => {
      assert.throws(
        () => createClient({ baseUrl, ...options } as unknown as ClientOptions),
        (error) => error instanceof ConfigError && error.path === path,
      )
    })
  }
})

describe('createServices', () => {
  it("gives a fetch that carries clientConfig's auth", async () => {
    const fetch = createServices().fetchFor(
      { auth: { token: 'abc' }, secureSocket: { cert: pki.caFile } },
      'jwks',
    )
    assert.deepEqual(await (await fetch(`${baseUrl}/jwks`)).json(), ['/jwks', 'Bearer abc', null])
    await fetch.close?.()
  })

  it('names the path of a wrong auth', () => {
    assert.throws(() => createServices().fetchFor({ auth: { token: 'a b' } }, 'jwksConfig.clientConfig'), {
      path: 'jwksConfig.clientConfig.auth.token',
    })
  })

  it('lets a program replace any part, and uses the replaced part', async () => {
    const outgoing = { kind: 'token', scheme: 'Bearer', token: new Secret('mine') } as const
    const services = createServices({ credentialSource: () => ({ credential: () => ok(outgoing) }) })
    const fetch = services.fetchFor({ auth: {}, secureSocket: { cert: pki.caFile } }, '')
    assert.match(await (await fetch(baseUrl)).text(), /Bearer mine/)
    await fetch.close?.()
  })

  it('has a clock in milliseconds, randomness and a silent log', () => {
    const services = createServices()
    assert.ok(services.now() > 1_700_000_000_000 && services.now() < 100_000_000_000_000)
    assert.notDeepEqual(services.random(16), services.random(16))
    assert.equal(services.random(16).length, 16)
    for (const level of ['debug', 'info', 'warn', 'error'] as const) services.log[level]({}, 'unheard')
  })
})
