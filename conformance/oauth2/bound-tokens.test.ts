// Our client, with tokens that are bound to its certificate or key, against our own listeners.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { ListenerAuthConfig } from 'barre/auth'
import type { CertKey } from 'barre/core'
import { createClient } from 'barre/fetch'
import { protect } from 'barre/http'
import { thumbprint } from 'barre/jose'
import type { Jwk } from 'barre/jose'
import { createClient as createSocketClient, protect as protectSockets } from 'barre/websocket'
import type { SocketContext } from 'barre/websocket'
import { decodeJwtHeader } from '../harness/proofs.ts'
import { startService, toWires } from '../harness/service.ts'
import type { Service } from '../harness/service.ts'
import { issueToken } from '../harness/tokens.ts'
import { tlsOptions } from '../transports/over-http.ts'
import * as transportKits from '../transports/index.ts'
import { audience, createWorld, issuer } from '../harness/world.ts'
import type { Pair } from '../harness/kit.ts'

const world = await createWorld()
const directory = await mkdtemp(join(tmpdir(), 'barre-bound-'))
const [alice, bob] = [await toFiles('alice', world.clients.alice), await toFiles('bob', world.clients.bob)]

/** An authorization server that binds each token to what its client showed. */
const place = { security: 'optional certificate', host: '127.0.0.1', world } as const
const server = createTlsServer(tlsOptions(place)!, (request, response) => void answer(request, response))
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const authority = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
const trust = { cert: world.authorityFile }

after(async () => {
  server.close()
  server.closeAllConnections()
  await Promise.all([world.close(), rm(directory, { recursive: true })])
})

async function toFiles(name: string, { cert, key }: Pair): Promise<CertKey> {
  const files = { certFile: join(directory, `${name}.crt`), keyFile: join(directory, `${name}.key`) }
  await Promise.all([writeFile(files.certFile, cert), writeFile(files.keyFile, key)])
  return files
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const form = new URLSearchParams(await text(request))
  const body = request.url === '/introspect' ? describeToken(form.get('token') ?? '') : await grant(request)
  response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
}

/** A client whose tokens last for five seconds, in place of five minutes. */
const shortLived = 'short-lived'

async function grant(request: IncomingMessage): Promise<object> {
  const proof = request.headers['dpop']
  if (typeof proof === 'string') {
    const { jwk } = decodeJwtHeader(proof)
    const isShort = request.headers.authorization === basic(shortLived)
    const seconds = isShort ? 5 : 300
    const customClaims = { cnf: { jkt: thumbprint(jwk as Jwk) } }
    const token = await issueToken(world, { customClaims, expTime: seconds })
    return { access_token: token, token_type: 'DPoP', expires_in: seconds }
  }
  const { raw } = (request.socket as TLSSocket).getPeerCertificate()
  const cnf = { 'x5t#S256': createHash('sha256').update(raw).digest('base64url') }
  const token = await issueToken(world, { customClaims: { cnf } })
  return { access_token: token, token_type: 'Bearer', expires_in: 300 }
}

function basic(clientId: string): string {
  return `Basic ${Buffer.from(`${clientId}:b`).toString('base64')}`
}

/** What the token says, as an answer to an introspection. */
function describeToken(token: string): object {
  const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
  return { active: true, ...(JSON.parse(claims) as object) }
}

const signatureConfig = { jwksConfig: { url: world.jwksUrl } }
const clientConfig = { secureSocket: trust }
const entries: readonly (readonly [name: string, entry: ListenerAuthConfig])[] = [
  ['jwt', { jwtValidatorConfig: { issuer, audience, signatureConfig } }],
  [
    'introspection',
    { oauth2IntrospectionConfig: { url: `${authority}/introspect`, issuer, audience, clientConfig } },
  ],
]

/** A token that is obtained with alice's certificate, and the certificate that it is used with. */
async function use(url: string, certificate: CertKey | undefined): Promise<number> {
  const call = createClient({
    baseUrl: url,
    secureSocket: { ...trust, ...(certificate && { key: certificate }) },
    auth: {
      tokenUrl: `${authority}/token`,
      clientId: 'alice',
      credentialBearer: 'NO_BEARER',
      clientConfig: { secureSocket: { ...trust, key: alice } },
    },
  })
  try {
    const response = await call('/plain')
    await response.text()
    return response.status
  } finally {
    await call.close()
  }
}

for (const [name, entry] of entries) {
  for (const wire of toWires(Object.values(transportKits))) {
    // Those that a plain HTTP client can call.
    if (wire.security === 'clear' || wire.kit.admitted !== '200') continue
    describe(`a token bound to a certificate, ${name} on ${wire.name} (RFC 8705)`, () => {
      let service: Service
      before(async () => {
        service = await startService(wire, { auth: [entry], resources: { plain: 'service' } }, { world })
      })
      after(() => service.close())
      test('is used over the certificate that it was obtained with', async () => {
        assert.equal(await use(service.url, alice), 200)
      })
      test('is refused over another certificate, and over none', async () => {
        assert.deepEqual([await use(service.url, bob), await use(service.url, undefined)], [401, 401])
      })
    })
  }
}

for (const nonces of [undefined, {}]) {
  test(`a token bound to a key, ${nonces ? 'with nonces' : 'without nonces'} (RFC 9449)`, async () => {
    const orders = createServer()
    orders.listen(0, '127.0.0.1')
    await once(orders, 'listening')
    const publicOrigin = `http://127.0.0.1:${(orders.address() as AddressInfo).port}`
    const dpopConfig = { required: true, ...(nonces && { nonces }) }
    const auth = [{ jwtValidatorConfig: { issuer, audience, signatureConfig, dpopConfig } }]
    const resources = { 'GET /order/:id': true, 'POST /order/:id': true } as const
    const seen: string[] = []
    orders.on(
      'request',
      protect({ auth, publicOrigin, resources }, (request, response, { principal }) => {
        seen.push(`${request.method} by ${principal?.scheme}`)
        response.end()
      }),
    )
    const call = createClient({
      baseUrl: publicOrigin,
      auth: { tokenUrl: `${authority}/token`, clientId: 'a', clientSecret: 'b', dpop: true, clientConfig },
    })
    for (const method of ['GET', 'POST', 'GET']) {
      const response = await call('/order/1?view=full', { method })
      assert.equal(response.status, 200)
      await response.text()
    }
    assert.deepEqual(seen, ['GET by DPoP', 'POST by DPoP', 'GET by DPoP'])
    await call.close()
    orders.close()
    orders.closeAllConnections()
  })
}

describe('a token bound to a key, renewed on an open WebSocket (RFC 9449)', { concurrency: true }, () => {
  for (const nonces of [undefined, {}]) {
    test(nonces ? 'with nonces' : 'without nonces', async (context) => {
      const live = createServer()
      live.listen(0, '127.0.0.1')
      await once(live, 'listening')
      const origin = `127.0.0.1:${(live.address() as AddressInfo).port}`
      const dpopConfig = { required: true, ...(nonces && { nonces }) }
      const auth = [{ jwtValidatorConfig: { issuer, audience, signatureConfig, dpopConfig } }]
      const options = { auth, publicOrigin: `http://${origin}`, resources: { '/live': true } } as const
      const opened = Promise.withResolvers<SocketContext>()
      const sockets = protectSockets({ ...options, inBand: 'renew' }, (served, session) => {
        served.on('message', () => served.send('still'))
        opened.resolve(session)
      })
      sockets.attach(live)
      const tokenUrl = `${authority}/token`
      const client = createSocketClient({
        url: `ws://${origin}`,
        inBand: true,
        auth: { tokenUrl, clientId: shortLived, clientSecret: 'b', dpop: true, clientConfig },
      })
      context.after(async () => {
        await client.close()
        await sockets.close()
        live.close()
        live.closeAllConnections()
      })
      const socket = await client.connect('/live')
      const session = await opened.promise
      const closed = once(socket, 'close').then(([code]) => assert.fail(`closed with ${code}`))
      closed.catch(() => {})
      const first = session.principal
      while (session.principal === first) {
        socket.send('still')
        await Promise.race([once(socket, 'message'), closed])
      }
      assert.deepEqual([session.principal?.id, session.principal?.scheme], [first?.id, 'DPoP'])
    })
  }
})
