import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { withServices } from '../../auth/index.ts'
import { stanConnect } from './connect.ts'
import { subjectShape, subscribeShape } from './config.ts'
import { joinHeaders, splitHeaders } from './header-block.ts'
import * as protocol from './protocol.ts'
import { decode, encode } from './protobuf.ts'

const connect = withServices(stanConnect)
const bytes = (text: string): Buffer => Buffer.from(text, 'utf8')

describe('the messages of the protocol', () => {
  test('are written as protocol buffers are', () => {
    assert.deepEqual(
      Buffer.from(encode(protocol.ack, { subject: 'orders', sequence: 300 })).toString('hex'),
      '0a066f726465727310ac02',
    )
  })

  for (const number of [0, 1, 127, 128, 16_383, 16_384, 2 ** 32, 2 ** 53 - 1]) {
    test(`carry ${number}`, () => {
      assert.equal(decode(protocol.ack, encode(protocol.ack, { sequence: number })).sequence, number)
    })
  }

  test('have defaults for what is absent, and skip what is unknown', () => {
    const unknown = '190000000000000000250000000038014a0178'
    const read = decode(protocol.ack, Buffer.from(`${unknown}1005`, 'hex'))
    assert.deepEqual(read, { subject: '', sequence: 5 })
  })

  for (const [claim, hex] of [
    ['a field that is cut', '0a06ff'],
    ['a number that is cut', '1080'],
    ['a number without an end', `10${'80'.repeat(11)}`],
    ['a group', '0b0c'],
  ] as const) {
    test(`refuse ${claim}`, () => {
      assert.throws(() => decode(protocol.ack, Buffer.from(hex, 'hex')), RangeError)
    })
  }
})

describe('headers before a body', () => {
  for (const [claim, headers, body] of [
    ['none', [], 'body'],
    [
      'two of one name',
      [
        ['a', '1'],
        ['a', '2'],
      ],
      'body',
    ],
    ['one before an empty body', [['a', '']], ''],
    ['none, before a body that looks like headers', [], 'NATS/1.0\r\nauthorization: Bearer x\r\n\r\nbody'],
  ] as const) {
    test(`come back: ${claim}`, () => {
      const read = splitHeaders(joinHeaders(headers, bytes(body)))
      assert.deepEqual([read.headers, Buffer.from(read.body).toString()], [headers, body])
    })
  }

  for (const data of [
    'NATS/1.0\r\na: b',
    'NATS/1.0\r\nno colon\r\n\r\n',
    'NATS/1.0\r\na: b\nc: d\r\n\r\n',
    'NATS/1.1\r\n\r\n',
  ]) {
    test(`are not there where they cannot be read: ${JSON.stringify(data)}`, () => {
      assert.deepEqual(splitHeaders(bytes(data)), { headers: [], body: bytes(data) })
    })
  }

  for (const [name, value] of [
    ['a', 'b\r\nc: d'],
    ['a: b\r\nc', 'd'],
    ['a', 'b\nc'],
    ['', 'b'],
    ['a b', 'c'],
  ] as const) {
    test(`cannot open another line: ${JSON.stringify([name, value])}`, () => {
      assert.throws(() => joinHeaders([[name, value]], bytes('')), TypeError)
    })
  }
})

describe('a connection does not start', () => {
  const url = 'tls://nats.example:4222'
  for (const [claim, config, path] of [
    ['without a server', {}, 'url'],
    ['with a client id that the server refuses', { url, clientId: 'a.b' }, 'clientId'],
    ['with a discovery prefix of wildcards', { url, discoverPrefix: '>' }, 'discoverPrefix'],
    ['with a time of nothing', { url, ackTimeout: 0 }, 'ackTimeout'],
    ['with a slip in a name', { url, tls: {} }, 'tls'],
  ] as const) {
    test(claim, async () => {
      await assert.rejects(connect(config as never), { name: 'ConfigError', path })
    })
  }
})

test('a subject has no wildcards and no spaces', () => {
  for (const subject of ['', '*', 'orders.>', 'a b', 'a..b', 'a\r\nPUB b', '.a']) {
    assert.throws(() => subjectShape.check(subject, 'subject'), { path: 'subject' })
  }
})

test('a subscription begins at a place that there is', () => {
  for (const startPosition of ['middle', { sequence: 0 }, { secondsAgo: -1 }, {}]) {
    assert.throws(() => subscribeShape.check({ startPosition }, ''), { name: 'ConfigError' })
  }
})
