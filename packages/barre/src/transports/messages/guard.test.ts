import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { from, PostOffice } from '../../../test/letters.ts'
import { compileAuth } from '../../auth/index.ts'
import { guardMessages } from './guard.ts'
import type { MessageOptions } from './options.ts'

let office: PostOffice

beforeEach(() => {
  office = new PostOffice()
})

describe('a message that is let in', () => {
  test('is shown as a call', async () => {
    assert.equal(await office.handle(from('alice')), 'alice')
    const [call] = office.seen
    assert.deepEqual(
      [call?.method, call?.target, call?.peer.encrypted, Buffer.from(call?.payload?.() ?? []).toString()],
      ['CONSUME', 'orders', false, 'body'],
    )
  })

  test('is acknowledged when its handler is done', async () => {
    const letter = from('alice')
    await office.guard().handle(letter, () => assert.deepEqual(office.acknowledged, []))
    assert.deepEqual([office.acknowledged, office.givenBack], [[letter], []])
  })

  test('is given back, and not acknowledged, when its handler fails', async () => {
    const letter = from('alice')
    const handling = office.guard().handle(letter, () => Promise.reject(new Error('no room')))
    await assert.rejects(handling, /no room/)
    assert.deepEqual([office.acknowledged, office.published, office.givenBack], [[], [], [letter]])
  })

  for (const [claim, second] of [
    ['two credentials', 'authorization'],
    ['two credentials in names of other case', 'Authorization'],
  ] as const) {
    test(`shows ${claim}`, async () => {
      const headers = [['authorization', 'alice'] as const, [second, 'alice'] as const]
      await office.handle({ topic: 'orders', headers })
      assert.deepEqual(office.seen[0]?.metadata('authorization'), ['alice', 'alice'])
    })
  }
})

describe('a message that is refused', () => {
  test('goes to its refusal destination with the reason, and is acknowledged', async () => {
    const letter = from('invalid', {
      headers: [
        ['trace', 'abc'],
        ['Authorization', 'invalid'],
        ['DPoP', 'proof'],
      ],
    })
    assert.equal(await office.handle(letter), undefined)
    const headers = [
      ['trace', 'abc'],
      ['barre-denial-code', 'invalid'],
      ['barre-denial-entry', 'auth[0]'],
    ]
    assert.deepEqual(office.published, [{ destination: 'orders.refused', headers }])
    assert.deepEqual(office.acknowledged, [letter])
  })

  test('names the scopes that would do', async () => {
    await office.handle(from('alice'), office.guard({}, { orders: { scopes: { all: ['read', 'write'] } } }))
    assert.deepEqual(office.published[0]?.headers.slice(-1), [['barre-denial-scope', 'read write']])
  })

  test("cannot bring a reason of the sender's", async () => {
    const headers = [['Barre-Denial-Code', 'missing'] as const, ['barre-denial-entry', 'auth[9]'] as const]
    await office.handle({ topic: 'orders', headers })
    assert.deepEqual(office.published[0]?.headers, [['barre-denial-code', 'missing']])
  })

  test('goes where the configuration says', async () => {
    await office.handle(from('invalid'), office.guard({ refusals: 'bin' }))
    assert.equal(office.published[0]?.destination, 'bin')
  })

  test('is given back, and not acknowledged, while its copy cannot be published', async () => {
    office.cannotPublish = true
    const letter = from('invalid')
    await assert.rejects(office.handle(letter), /full/)
    assert.deepEqual([office.acknowledged, office.givenBack], [[], [letter]])
  })

  for (const [claim, options, topic] of [
    ['the default', {}, 'orders.refused'],
    ['a configured', { refusals: 'bin' }, 'bin'],
  ] as const) {
    test(`does not come back again and again from ${claim} refusal destination`, async () => {
      const letter = from('invalid', { topic })
      await office.handle(letter, office.guard(options))
      assert.deepEqual([office.published, office.acknowledged], [[], [letter]])
    })
  }

  test('keeps the detail out of its copy, and leaves it in the log', async () => {
    await office.handle(from('invalid'))
    assert.ok(!JSON.stringify(office.published).includes('the detail'))
    assert.ok(JSON.stringify(office.logged).includes('the detail'))
  })
})

describe('rows', () => {
  const rows = { open: false, strict: { scopes: 'write' }, maybe: { optional: true } }
  for (const [topic, word, expected] of [
    ['open', undefined, 'somebody'],
    ['open', 'invalid', 'somebody'],
    ['strict', 'alice', undefined],
    ['maybe', undefined, 'somebody'],
    ['maybe', 'invalid', undefined],
    ['elsewhere', undefined, undefined],
    ['elsewhere', 'alice', 'alice'],
  ] as const) {
    test(`${topic} by ${word ?? 'nobody'}: ${expected ?? 'refused'}`, async () => {
      const letter = word === undefined ? { topic } : from(word, { topic })
      assert.equal(await office.handle(letter, office.guard({}, rows)), expected)
    })
  }
})

test('closing waits for the messages in hand', async () => {
  const guard = office.guard()
  const { promise, resolve } = Promise.withResolvers<void>()
  const handling = guard.handle(from('alice'), () => promise)
  const closing = guard.close().then(() => office.acknowledged.length)
  setImmediate(resolve)
  await handling
  assert.equal(await closing, 1)
})

describe('a guard does not start', () => {
  for (const [claim, options, rows, path] of [
    ['with an age of nothing', { maxMessageAgeSeconds: 0 }, {}, 'maxMessageAgeSeconds'],
    ['with another timestamp', { timestamp: 'sender' }, {}, 'timestamp'],
    ['with a slip in a name', { maxAge: 5 }, {}, 'maxAge'],
    ['with a row of nothing', {}, { orders: {} }, 'topics["orders"]'],
    ['with a row of true', {}, { orders: true }, 'topics["orders"]'],
  ] as const) {
    test(claim, () => {
      assert.throws(() => office.guard(options as MessageOptions, rows), { name: 'ConfigError', path })
    })
  }

  test("where the broker's time counts and it keeps none", () => {
    const timeless = { ...office.broker, keepsTime: false }
    assert.throws(() => office.guard({ timestamp: 'broker' }, {}, timeless), { path: 'timestamp' })
  })

  test('with an entry that reads a certificate', () => {
    const { broker, services } = office
    const rules = compileAuth([{ mutualTlsConfig: { anyFromCa: ['read'] } }], services)
    assert.throws(() => guardMessages(broker, rules, {}, {}, services), { path: 'auth' })
  })
})
