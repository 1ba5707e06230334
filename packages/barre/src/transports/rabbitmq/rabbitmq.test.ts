import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ConfirmChannel, ConsumeMessage } from 'amqplib'
import { fakeServices } from '../../../test/fake-services.ts'
import { compileAuth, withServices } from '../../auth/index.ts'
import { allowInsecureEndpoint } from '../../core/index.ts'
import { rabbitMqConnect } from './connect.ts'
import { guardRabbitMq } from './messages.ts'

const connect = withServices(rabbitMqConnect)
const url = 'amqps://rabbit.example'

describe('a connection does not start', () => {
  const auth = { username: 'alice', password: 'word' }
  for (const [claim, config, path] of [
    ['without a broker', { auth }, 'url'],
    ['with a URL of another protocol', { url: 'https://rabbit.example', auth }, 'url'],
    ['with a password in the URL', { url: 'amqps://alice:word@rabbit.example' }, 'url'],
    ['with a query, which would be ignored', { url: `${url}?heartbeat=1`, auth }, 'url'],
    ['in clear text off loopback', { url: 'amqp://rabbit.example', auth }, 'url'],
    ['with TLS in clear text', { url: 'amqp://localhost', auth, secureSocket: {} }, 'url'],
    ['as guest, which is whom the library would be', { url }, 'auth'],
    ['as nobody, with TLS', { url, secureSocket: {} }, 'auth'],
    ['with an auth of no kind', { url, auth: { apiKey: 'x' } }, 'auth'],
    [
      'with a broker that nobody checks',
      { url, auth, secureSocket: { enable: false } },
      'secureSocket.enable',
    ],
    ['with a slip in a name', { url, auth, vhost: '/' }, 'vhost'],
  ] as const) {
    test(claim, async () => {
      await assert.rejects(connect(config as never), { name: 'ConfigError', path })
    })
  }
})

test('clear text off loopback needs a named option, and is warned of', async () => {
  const warned: object[] = []
  const log = { debug() {}, info() {}, error() {}, warn: (fields: object) => void warned.push(fields) }
  const insecure = { url: 'amqp://rabbit.example', [allowInsecureEndpoint]: true, services: { log } }
  // Which has it stop before it connects.
  const auth = { apiKey: 'x' }
  await assert.rejects(connect({ ...insecure, auth }), { path: 'auth' })
  assert.equal(warned.length, 1)
})

function ignore(): void {}

/** A channel that keeps what is published on it, and says what the broker would. */
function fakeChannel(isReturned = false) {
  const published: { queue: string; options: Record<string, unknown> }[] = []
  const acknowledged: unknown[] = []
  let onReturn: (message: unknown) => void = ignore
  let receive: (message: ConsumeMessage) => void = ignore
  const channel = {
    assertQueue: () => Promise.resolve(),
    consume(_queue: string, onMessage: typeof receive) {
      receive = onMessage
      return Promise.resolve({ consumerTag: 'x' })
    },
    on: (_event: string, listener: typeof onReturn) => (onReturn = listener),
    publish(
      _exchange: string,
      queue: string,
      _content: Buffer,
      options: Record<string, unknown>,
      settle: (error: null) => void,
    ) {
      published.push({ queue, options })
      if (isReturned) onReturn({ properties: options })
      settle(null)
    },
    ack: (message: unknown) => acknowledged.push(message),
    nack: () => undefined,
  }
  return {
    channel: channel as unknown as ConfirmChannel,
    published,
    acknowledged,
    receive: (m: ConsumeMessage) => receive(m),
  }
}

function make() {
  const services = fakeServices(() => 1_800_000_000_000)
  const rules = compileAuth(
    [{ jwtValidatorConfig: { audience: 'a', signatureConfig: { secret: 's'.repeat(32) } } }],
    services,
  )
  return guardRabbitMq(rules, {}, services)
}

function toMessage(headers: Record<string, unknown>): ConsumeMessage {
  const fields = { exchange: '', routingKey: 'orders', redelivered: false }
  const properties = { headers, userId: 'alice', expiration: '1', messageId: 'one', timestamp: 5 }
  return { content: Buffer.from('x'), fields, properties } as unknown as ConsumeMessage
}

test('the copy of a refused message has no header and no property that the broker obeys', async () => {
  const { channel, published, acknowledged, receive } = fakeChannel()
  const guard = make()
  await guard.consume(channel, 'orders', () => assert.fail('it is not handled'))
  receive(
    toMessage({ CC: 'payments', bcc: ['payments'], 'x-delay': 5, trace: 'abc', authorization: ['Bearer a'] }),
  )
  await guard.close()
  const [{ queue, options } = { queue: '', options: {} }] = published
  const { headers, ...properties } = options as { headers: Record<string, string> }
  const { 'barre-refusal-id': _, ...copied } = headers
  assert.equal(queue, 'orders.refused')
  // A list is no credential, and no absence of one either.
  assert.deepEqual(copied, { trace: 'abc', 'barre-denial-code': 'invalid' })
  const set = Object.entries(properties).filter(([, value]) => value !== undefined)
  assert.deepEqual(Object.fromEntries(set), { messageId: 'one', persistent: true, mandatory: true })
  assert.equal(acknowledged.length, 1)
})

test('a refused message whose copy no queue takes is not acknowledged', async () => {
  const { channel, acknowledged, receive } = fakeChannel(true)
  const guard = make()
  await guard.consume(channel, 'orders', () => undefined)
  receive(toMessage({}))
  await guard.close()
  assert.deepEqual(acknowledged, [])
})
