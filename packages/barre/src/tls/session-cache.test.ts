import assert from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { sessionCache, sessionsMax } from './session-cache.ts'

describe('sessionCache', () => {
  it(`keeps ${sessionsMax} sessions and drops the oldest beyond`, () => {
    const cache = sessionCache(undefined)
    for (let index = 0; index < sessionsMax; index++) cache.set(`host:${index}`, Buffer.of(index))
    assert.deepEqual(cache.get('host:0'), Buffer.of(0))
    cache.set('one:more', Buffer.of(1))
    assert.equal(cache.get('host:0'), undefined)
    assert.deepEqual(cache.get('host:1'), Buffer.of(1))
  })

  it('keeps nothing with a lifetime of 0', () => {
    const cache = sessionCache(0)
    cache.set('a:1', Buffer.of(1))
    assert.equal(cache.get('a:1'), undefined)
  })

  it('forgets a session after its lifetime, and a newer one later', () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    const cache = sessionCache(1000)
    cache.set('a:1', Buffer.of(1))
    mock.timers.tick(600)
    cache.set('a:1', Buffer.of(2))
    mock.timers.tick(600)
    assert.deepEqual(cache.get('a:1'), Buffer.of(2))
    mock.timers.tick(400)
    assert.equal(cache.get('a:1'), undefined)
    mock.timers.reset()
  })
})
