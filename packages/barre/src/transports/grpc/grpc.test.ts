import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { Client, Metadata, status } from '@grpc/grpc-js'
import type { ServiceError } from '@grpc/grpc-js'
import { createTestCa } from '../../../../../tools/test-ca.ts'
import {
  bearer,
  closers,
  createClient,
  foreign,
  fromBytes,
  nameIsToken,
  orders,
  place,
  serve,
  toBytes,
} from '../../../test/grpc-service.ts'
import { ConfigError, createRevocations, ok, refuse, Secret } from '../../core/index.ts'
import type { Provider } from '../../core/index.ts'

const ca = await createTestCa()
after(() => ca.remove())

test('an ordinary client is let in with its credential, and refused without', async () => {
  const client = foreign(await serve())
  assert.equal((await place(client, bearer('alice'))).answer, 'alice')
  const { error } = await place(client, new Metadata())
  assert.equal(error?.code, status.UNAUTHENTICATED)
  assert.deepEqual(error.metadata.get('www-authenticate'), ['Bearer'])
})

test('a service and a method say what they demand; the method has the last word', async () => {
  const scoped = { scopes: 'write' }
  for (const [resources, name, code] of [
    [{ 'orders.Orders': false }, undefined, undefined],
    [{ 'orders.Orders': false, 'orders.Orders/Place': true }, undefined, status.UNAUTHENTICATED],
    [{ 'orders.Orders/Place': false }, undefined, undefined],
    [{ 'orders.Orders/Watch': false }, undefined, status.UNAUTHENTICATED],
    [{ 'orders.Orders': scoped }, 'alice', status.PERMISSION_DENIED],
    [{ 'orders.Orders': scoped, 'orders.Orders/Place': true }, 'alice', undefined],
  ] as const) {
    const client = foreign(await serve({ resources }))
    const { error } = await place(client, name === undefined ? new Metadata() : bearer(name))
    assert.equal(error?.code, code, JSON.stringify(resources))
  }
})

for (const [claim, options, path] of [
  [
    'a row for a method that is not there',
    { resources: { 'orders.Orders/Plcae': false } },
    "resources['orders.Orders/Plcae']",
  ],
  [
    'a row that is no name',
    { resources: { '/orders.Orders/Place': false } },
    "resources['/orders.Orders/Place']",
  ],
  ['clear text off loopback', { address: '0.0.0.0:0' }, 'auth'],
  [
    'a certificate that is not there',
    { secureSocket: { key: { certFile: 'no.crt', keyFile: 'no.key' } } },
    'secureSocket.key.certFile',
  ],
] as const) {
  test(`refuses to start with ${claim}`, async () => {
    await assert.rejects(
      async () => serve(options),
      (error) => error instanceof ConfigError && error.path === path,
    )
  })
}

/** A stream over which one message has come back. */
async function openStream(port: number) {
  const call = foreign(port).makeBidiStreamRequest(orders.Watch.path, toBytes, fromBytes, bearer('alice'))
  const ended = once(call, 'error').then(([error]) => error as ServiceError)
  call.write('hello')
  await once(call, 'data')
  return { call, ended }
}

test('a stream ends as UNAUTHENTICATED when the credential of its caller is revoked', async () => {
  const revocations = createRevocations()
  const { call, ended } = await openStream(await serve({ services: { revocations } }))
  revocations.revoke({ subject: 'bob' })
  call.write('still there')
  assert.deepEqual(await once(call, 'data'), ['still there'])
  revocations.revoke({ subject: 'alice' })
  assert.equal((await ended).code, status.UNAUTHENTICATED)
})

test('a stream ends as UNAUTHENTICATED when the credential of its caller expires', async () => {
  const provider = nameIsToken(() => ({ expiresAtSeconds: Date.now() / 1000 + 0.2 }))
  const { ended } = await openStream(await serve({ auth: [{ provider }] }))
  const { code, details } = await ended
  assert.deepEqual([code, details], [status.UNAUTHENTICATED, 'the credential has expired'])
})

test('a call whose deadline passes while its caller is checked ends that check', async () => {
  const { promise: aborted, resolve } = Promise.withResolvers<unknown>()
  const provider: Provider<string> = {
    ...nameIsToken(),
    verify: (_, call) =>
      new Promise((settle) => {
        call.signal.addEventListener('abort', () => {
          resolve(call.signal.reason)
          settle(refuse('unavailable', 'too late'))
        })
      }),
  }
  const client = foreign(await serve({ auth: [{ provider }] }))
  const { error } = await place(client, bearer('alice'), { deadline: Date.now() + 100 })
  assert.equal(error?.code, status.DEADLINE_EXCEEDED)
  await aborted
})

test('a client renews over TLS, and sends nothing in clear text off loopback', async () => {
  const port = await serve({ secureSocket: { key: ca.server } })
  const sourced: boolean[] = []
  const source = {
    credential(need: { readonly refused?: unknown }) {
      sourced.push(need.refused !== undefined)
      const token = new Secret(need.refused === undefined ? 'nobody' : 'alice')
      return ok({ kind: 'token' as const, scheme: 'Bearer' as const, token })
    },
  }
  const secureSocket = { cert: ca.caFile }
  const services = { credentialSource: () => source }
  const client = createClient(Client, {
    url: `https://localhost:${port}`,
    auth: { bearer: 'x' } as never,
    secureSocket,
    services,
  })
  closers.push(() => client.close())
  assert.equal((await place(client, new Metadata())).answer, 'alice')
  assert.deepEqual(sourced, [false, true])
  assert.throws(
    () => createClient(Client, { url: 'http://192.0.2.1:50051' }),
    (error) => error instanceof ConfigError && error.path === 'url',
  )
})
