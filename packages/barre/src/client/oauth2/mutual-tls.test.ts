import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { createTestCa } from '../../../../../tools/test-ca.ts'
import { fakeServices } from '../../../test/fake-services.ts'
import { obtain, startMs } from '../../../test/token-kit.ts'
import { createOAuth2 } from './oauth2.ts'

test('a client proves itself by its certificate, and says its id in the body (RFC 8705 §2)', async (context) => {
  const ca = await createTestCa()
  context.after(() => ca.remove())
  const [key, cert, authority] = await Promise.all([
    readFile(ca.server.keyFile),
    readFile(ca.server.certFile),
    readFile(ca.caFile),
  ])
  const seen: unknown[] = []
  const tls = { key, cert, ca: authority, requestCert: true, rejectUnauthorized: true }
  const server = createServer(tls, (request, response) => {
    const { CN } = (request.socket as TLSSocket).getPeerCertificate().subject
    void text(request).then((body) => {
      seen.push([CN, body, request.headers.authorization])
      return response.setHeader('content-type', 'application/json').end('{"access_token":"bound"}')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => server.close())

  const tokenUrl = `https://localhost:${(server.address() as AddressInfo).port}/token`
  const secureSocket = { cert: ca.caFile, key: ca.client }
  const services = fakeServices(() => startMs)
  const config = {
    tokenUrl,
    clientId: 'orders',
    credentialBearer: 'NO_BEARER',
    clientConfig: { secureSocket },
  } as const
  const source = createOAuth2(config, services, 'oauth2')
  assert.equal(await obtain(source), 'bound')
  assert.deepEqual(seen, [['client', 'grant_type=client_credentials&client_id=orders', undefined]])
  await source.close?.()

  const { clientId, ...without } = { ...config, clientConfig: { secureSocket: { cert: ca.caFile } } }
  const stranger = createOAuth2({ ...without, clientId }, services, 'oauth2', async () => undefined)
  assert.equal(await obtain(stranger), 'unavailable')
  await stranger.close?.()
})
