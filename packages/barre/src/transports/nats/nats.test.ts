import assert from 'node:assert/strict'
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { createServer } from 'node:net'
import { headers as createHeaders } from '@nats-io/transport-node'
import type { MsgHdrs } from '@nats-io/transport-node'
import type { JsMsg } from '@nats-io/jetstream'
import { start } from '../../../test/http-wire.ts'
import { fakeServices } from '../../../test/fake-services.ts'
import { compileAuth, withServices } from '../../auth/index.ts'
import { allowInsecureEndpoint } from '../../core/index.ts'
import { natsConnect } from './connect.ts'
import { findSubject } from './subjects.ts'
import { guardNats } from './messages.ts'

const connect = withServices(natsConnect)
const folder = mkdtempSync(join(tmpdir(), 'barre-nats-'))
after(() => rmSync(folder, { recursive: true }))
const noCreds = join(folder, 'no.creds')
writeFileSync(noCreds, 'nothing of the kind')

describe('the row of a subject', () => {
  const rows = ['orders.created', 'orders.*', 'orders.>', '*.created', '>']
  for (const [subject, among, row] of [
    ['orders.created', rows, 'orders.created'],
    ['orders.deleted', rows, 'orders.*'],
    ['orders.eu.created', rows, 'orders.>'],
    ['stock.created', rows, '*.created'],
    ['stock', rows, '>'],
    ['orders', ['orders.>', 'orders.*'], undefined],
    ['orders.created.x', ['orders.created', 'orders.*'], undefined],
    ['orders', ['ORDERS'], undefined],
    ['a.b.c', ['a.*.c', '*.b.c'], 'a.*.c'],
  ] as const) {
    test(`${subject}: ${row ?? 'none'}`, () => {
      assert.equal(findSubject(subject, among), row)
      assert.equal(findSubject(subject, among.toReversed()), row)
    })
  }
})

describe('a connection does not start', () => {
  const url = 'tls://nats.example:4222'
  for (const [claim, config, path] of [
    ['without a server', {}, 'url'],
    ['with a URL of another protocol', { url: 'https://nats.example' }, 'url'],
    ['with a second URL that is none', { url: [url, 'tls://'] }, 'url[1]'],
    ['with a password in the URL', { url: 'tls://alice:word@nats.example' }, 'url'],
    ['with an auth of no kind', { url, auth: { apiKey: 'x' } }, 'auth'],
    [
      'with a creds file that is not there',
      { url, auth: { credsFile: join(folder, 'x') } },
      'auth.credsFile',
    ],
    ['with a creds file that holds none', { url, auth: { credsFile: noCreds } }, 'auth.credsFile'],
    ['with a seed that is none', { url, auth: { nkeySeed: 'SUxxx' } }, 'auth.nkeySeed'],
    ['with two kinds of auth', { url, auth: { nkeySeed: 'SU', credsFile: noCreds } }, 'auth.nkeySeed'],
    ['with a server that nobody checks', { url, secureSocket: { enable: false } }, 'secureSocket.enable'],
    ['with a slip in a name', { url, tls: {} }, 'tls'],
  ] as const) {
    test(claim, async () => {
      await assert.rejects(connect(config as never), { name: 'ConfigError', path })
    })
  }
})

test('clear text off loopback needs nats: and a named option, and is warned of', async () => {
  // Which have it stop before it connects.
  const auth = { apiKey: 'x' }
  for (const [url, more, warnings] of [
    ['nats://nats.example', { [allowInsecureEndpoint]: true }, 1],
    ['tls://nats.example', { [allowInsecureEndpoint]: true }, 0],
    ['nats://localhost', {}, 0],
    ['nats://nats.example', {}, 0],
  ] as const) {
    const warned: object[] = []
    const log = { debug() {}, info() {}, error() {}, warn: (fields: object) => void warned.push(fields) }
    const connecting = connect({ url, auth, services: { log }, ...more })
    await assert.rejects(connecting, { path: 'auth' })
    assert.equal(warned.length, warnings, url)
  }
})

test('a server that offers no TLS is shown no credential', async (context) => {
  const received: string[] = []
  const server = createServer((socket) => {
    socket.write('INFO {"server_id":"x","version":"2.9.0","proto":1,"tls_required":false}\r\n')
    socket.on('data', (chunk) => received.push(chunk.toString())).on('error', () => undefined)
  })
  const port = await start(server, context)
  for (const [url, more] of [
    [`tls://localhost:${port}`],
    [`tls://127.0.0.1:${port}`],
    // What allows clear text does not ask for it.
    [`tls://localhost:${port}`, { [allowInsecureEndpoint]: true }],
    [[`tls://localhost:${port}`, `nats://localhost:${port}`]],
    [`nats://localhost:${port}`, { secureSocket: {} }],
  ] as const) {
    const config = {
      url,
      auth: { username: 'alice', password: 'word' },
      options: { reconnect: false },
      ...more,
    }
    await assert.rejects(connect(config), /'tls'/)
  }
  assert.deepEqual(received, [])
})

test('the copy of a refused message carries no header that NATS itself obeys', async () => {
  const published: [subject: string, headers: MsgHdrs][] = []
  const services = fakeServices(() => 1_800_000_000_000)
  const rules = compileAuth(
    [{ jwtValidatorConfig: { audience: 'a', signatureConfig: { secret: 's'.repeat(32) } } }],
    services,
  )
  const jetstream = {
    publish(subject: string, _data: unknown, { headers }: { headers: MsgHdrs }) {
      published.push([subject, headers])
      return Promise.resolve()
    },
  }
  const guard = guardNats(rules, { jetstream: jetstream as never }, services)
  const headers = createHeaders()
  for (const name of ['Nats-Msg-Id', 'nats-rollup', 'Nats-Expected-Stream', 'Trace'])
    headers.append(name, 'x')
  const message = {
    subject: 'orders',
    data: new Uint8Array(),
    headers,
    ack: () => undefined,
    info: { stream: 'S', streamSequence: 1, redelivered: false, timestampNanos: 1_800_000_000_000_000_000n },
  }
  await guard.handle(message as unknown as JsMsg, () => assert.fail('it is not handled'))
  const [[subject, copied] = []] = published
  assert.equal(subject, 'refused.orders')
  assert.deepEqual(
    copied?.keys().map((name) => name.toLowerCase()),
    ['trace', 'barre-denial-code'],
  )
})
