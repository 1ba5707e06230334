import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { EventEmitter } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:net'
import { test } from 'node:test'
import { allowInsecureListener } from '../../core/index.ts'
import { createGuarded, protect, resources } from '../../../test/guarded-server.ts'
import type { ProtectOptions } from '../../../test/guarded-server.ts'
import { exchange, namedTokens, plainRequest, portOf, statusOf } from '../../../test/http-wire.ts'
import { protect as protectWith } from './protect.ts'
import { intercept } from './server.ts'
import type { Intercept } from './server.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }

test('auth on a cleartext listener off loopback does not start', async () => {
  const { server } = createGuarded()
  let listened = false
  const closed = new Promise((resolve) => server.on('close', resolve))
  server.listen(0, '0.0.0.0', () => (listened = true))
  const [error] = (await once(server, 'error')) as [Error]
  assert.match(error.message, /^auth: the listener at 0\.0\.0\.0 .* \[allowInsecureListener\]: true$/)
  assert.equal(server.listening, false)
  assert.equal(listened, false)
  await closed
})

const excused: readonly (readonly [name: string, options: Partial<ProtectOptions>])[] = [
  ['with [allowInsecureListener]', { [allowInsecureListener]: true }],
  ['behind trustedProxies', { trustedProxies: ['10.0.0.1'] }],
  ['with open resources only', { resources: { 'GET /': false } }],
]

for (const [name, options] of excused) {
  test(`a cleartext listener off loopback starts ${name}`, async () => {
    const { server } = createGuarded(options)
    server.listen(0, '0.0.0.0')
    await once(server, 'listening')
    server.close()
  })
}

test('a server that was listening before it was seen refuses each call', async (context) => {
  const logged: string[] = []
  const log = { ...silent, error: (_: object, text: string) => logged.push(text) }
  const server = createServer()
  server.listen(0, '0.0.0.0')
  await once(server, 'listening')
  context.after(async () => void server.close())
  const listener = protect({ auth: [{ provider: namedTokens() }], resources, log }, (_request, response) =>
    response.end(),
  )
  server.on('request', listener)
  for (const _ of [1, 2]) {
    const answer = await exchange(
      portOf(server),
      plainRequest('GET /order/mine', 'Authorization: Bearer reader'),
    )
    assert.equal(statusOf(answer), 503)
  }
  assert.equal(logged.length, 1)
})

test('a server that asks for no client certificate does not start under an entry that reads it', async () => {
  const provider = { ...namedTokens(), needsClientCertificate: true }
  const server = createServer(protect({ auth: [{ provider }], resources }, () => undefined))
  server.listen(0, '127.0.0.1')
  const [error] = (await once(server, 'error')) as [Error]
  assert.match(error.message, /^auth: an entry reads the client certificate/)
})

test('a server that closed and listens again is guarded as before', async () => {
  const { server } = createGuarded()
  const body =
    'POST /order HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n'
  for (const _ of [1, 2]) {
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const answer = await exchange(portOf(server), `${body}Authorization: Bearer writer\r\n\r\nbody`)
    assert.match(answer, /"bytes":4/)
    assert.equal(statusOf(await exchange(portOf(server), `${body}\r\n`)), 401)
    await once(server.close(), 'close')
  }
})

test('closing the last server closes the rules', async () => {
  let closed = 0
  const rules = {
    policyFor: () => undefined,
    needsClientCertificate: false,
    ready: () => true,
    close: async () => void closed++,
  }
  const listener = protectWith(rules, { resources: {} }, () => undefined)
  const servers = [createServer(listener), createServer(listener)]
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening')
  for (const [index, server] of servers.entries()) {
    await once(server.close(), 'close')
    assert.equal(closed, index)
  }
})

for (const publicOrigin of [
  'orders.example',
  'https://orders.example/',
  'https://a.example/x',
  'ftp://a.example',
]) {
  test(`publicOrigin ${publicOrigin} is a start error`, () => {
    assert.throws(() => createGuarded({ publicOrigin }), { path: 'publicOrigin' })
  })
}

test('an intercept that comes first does so whenever others come, and an event under way keeps to those it met', () => {
  const server: EventEmitter & Server = createServer()
  const heard: string[] = []
  const held: (() => boolean)[] = []
  const note = (name: string): ReadonlyMap<string, Intercept> =>
    new Map([['upgrade', (proceed) => (heard.push(name), proceed(`${name} said so`))]])
  server.on('upgrade', (...args: unknown[]) => heard.push(...args.map(String)))
  intercept(server, note('early'))
  intercept(server, new Map<string, Intercept>([['upgrade', (proceed) => held.push(proceed) > 0]]), true)
  intercept(server, note('late'))
  server.emit('upgrade', 'asked')
  assert.deepEqual(heard, [])
  intercept(server, note('latest'))
  intercept(server, note('first of all'), true)
  held[0]!()
  assert.deepEqual(heard, ['late', 'early', 'asked', 'late said so', 'early said so'])
})
