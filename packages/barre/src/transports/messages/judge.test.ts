import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { beforeEach, describe, test } from 'node:test'
import { from, PostOffice, startMs } from '../../../test/letters.ts'
import type { Letter } from '../../../test/letters.ts'
import { decisions } from '../../core/index.ts'

let office: PostOffice

beforeEach(() => {
  office = new PostOffice()
})

const code = (at = 0): string | undefined =>
  office.published[at]?.headers.find(([name]) => name === 'barre-denial-code')?.[1]

describe('time', () => {
  const ageMs = 300_000
  for (const [claim, options, receivedAtMs, expected] of [
    ['as old as may be', {}, startMs - ageMs, undefined],
    ['a millisecond older', {}, startMs - ageMs - 1, 'expired'],
    ['as old as configured', { maxMessageAgeSeconds: 1 }, startMs - 1000, undefined],
    ['older than configured', { maxMessageAgeSeconds: 1 }, startMs - 1001, 'expired'],
    ['of a clock that nobody trusts, in the future', {}, startMs + ageMs, undefined],
    ["of the broker's clock, a little ahead", { timestamp: 'broker' }, startMs + 10_000, undefined],
    ["of the broker's clock, too far ahead", { timestamp: 'broker' }, startMs + 10_001, 'invalid'],
    ["without the broker's time, where that counts", { timestamp: 'broker' }, undefined, 'invalid'],
    ['without a time', {}, undefined, undefined],
  ] as const) {
    test(`a message ${claim}: ${expected ?? 'handled'}`, async () => {
      const letter = from('alice', receivedAtMs === undefined ? {} : { receivedAtMs })
      await office.handle(letter, office.guard(options))
      assert.equal(code(), expected)
    })
  }

  test("a token is judged by the broker's time where that is trusted, else by now", async () => {
    const letter = from('alice', { receivedAtMs: startMs - 5 })
    await office.handle(letter)
    await office.handle(letter, office.guard({ timestamp: 'broker' }))
    assert.deepEqual(
      office.seen.map(({ madeAtMs }) => madeAtMs),
      [undefined, startMs - 5],
    )
  })

  test('a message that is too old is published as a decision too', async () => {
    const told: boolean[] = []
    const listen = (event: unknown): void =>
      void told.push((event as { decision: { ok: boolean } }).decision.ok)
    subscribe(decisions.name, listen)
    await office.handle(from('alice', { receivedAtMs: 0 }))
    unsubscribe(decisions.name, listen)
    assert.deepEqual(told, [false])
  })
})

describe('an outage', () => {
  test('is waited out: it says nothing about the message', async () => {
    const words = ['unavailable', 'throttled', 'alice']
    const changing: Letter = {
      topic: 'orders',
      headers: {
        *[Symbol.iterator]() {
          yield ['authorization', words.shift() ?? ''] as const
        },
      },
    }
    assert.equal(await office.handle(changing), 'alice')
    assert.deepEqual(office.published, [])
  })

  test('ends in a refusal when the message has waited as long as it may', async () => {
    office.stepMs = 400
    assert.equal(
      await office.handle(from('unavailable'), office.guard({ maxMessageAgeSeconds: 1 })),
      undefined,
    )
    assert.equal(code(), 'unavailable')
  })

  test('ends with the guard, and the message is given back', async () => {
    const guard = office.guard()
    const handling = office.handle(from('unavailable'), guard)
    await guard.close()
    await assert.rejects(handling, /closed/)
    await assert.rejects(office.handle(from('alice'), guard), /closed/)
    assert.deepEqual([office.published, office.acknowledged, office.givenBack.length], [[], [], 1])
  })
})
