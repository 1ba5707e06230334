import assert from 'node:assert/strict'
import { createServer, IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'
import type { Peer } from '../../core/index.ts'
import { exchange, plainRequest, start } from '../../../test/http-wire.ts'
import { toCall } from './http-call.ts'
import { toSettings } from './http-options.ts'

const spoofed = ['X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Proto: https']

const peers: readonly (readonly [
  name: string,
  proxies: string[] | undefined,
  headers: string[],
  peer: Peer,
])[] = [
  ['without trusted proxies', undefined, spoofed, { address: '127.0.0.1', encrypted: false }],
  ['from anyone but a trusted proxy', ['10.0.0.1'], spoofed, { address: '127.0.0.1', encrypted: false }],
  ['from a trusted proxy', ['127.0.0.1'], spoofed, { address: '203.0.113.9', encrypted: true }],
  ['that say nothing', ['127.0.0.1'], [], { address: '127.0.0.1', encrypted: false }],
  [
    'where one hop was in clear text',
    ['127.0.0.0/8'],
    ['X-Forwarded-Proto: https', 'X-Forwarded-Proto: http'],
    { address: '127.0.0.1', encrypted: false },
  ],
]

for (const [name, trustedProxies, headers, expected] of peers) {
  test(`forwarded headers ${name}`, async (context) => {
    const settings = toSettings(trustedProxies ? { trustedProxies } : {})
    let peer: Peer | undefined
    const server = createServer((request, response) => {
      peer = toCall(request, '/', settings).peer
      response.end()
    })
    await exchange(await start(server, context), plainRequest('GET /', ...headers))
    assert.deepEqual(peer, expected)
  })
}

test('the signal fires when the caller goes away, and metadata shows every value as sent', async (context) => {
  let metadata: readonly string[] = []
  const aborted = Promise.withResolvers<void>()
  const server = createServer((request) => {
    const call = toCall(request, '/', toSettings({}))
    metadata = call.metadata('x-twice')
    call.signal.addEventListener('abort', () => aborted.resolve())
    request.socket.end()
  })
  const headers = ['X-Twice: a, b', 'x-twice: c']
  await exchange(await start(server, context), plainRequest('GET /', ...headers))
  await aborted.promise
  assert.deepEqual(metadata, ['a, b', 'c'])
})

const queries: [url: string, values: string[]][] = [
  ['/', []],
  ['/?other=1', []],
  ['/?access_token=a&x=1&access_token=b', ['a', 'b']],
  ['/?%61ccess_token=a%20b', ['a b']],
  ['/?access_token', ['']],
  ['/access_token=a', []],
]

for (const [url, values] of queries) {
  test(`parameters of ${url}`, () => {
    const call = toCall(new IncomingMessage(new Socket()), '/', toSettings({}))
    assert.deepEqual(call.parameters?.('access_token'), [])
    const request = Object.assign(new IncomingMessage(new Socket()), { url })
    assert.deepEqual(toCall(request, '/', toSettings({})).parameters?.('access_token'), values)
  })
}
