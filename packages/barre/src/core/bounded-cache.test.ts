import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BoundedCache } from './bounded-cache.ts'
import type { CacheLimits } from './bounded-cache.ts'

const day = 86_400_000

function filled(limits: CacheLimits, ...sizes: number[]): BoundedCache<string, number> {
  const cache = new BoundedCache<string, number>(limits)
  for (const [index, bytes] of sizes.entries()) cache.set(`k${index}`, index, { bytes, expiresAtMs: day })
  return cache
}

function keys(cache: BoundedCache<string, number>): string[] {
  return [...cache.entries()].map(([key]) => key)
}

const cases: [claim: string, limits: CacheLimits, sizes: number[], kept: string[]][] = [
  ['keeps as many entries as the limit says', { maxEntries: 2, maxBytes: 100 }, [1, 1], ['k0', 'k1']],
  ['drops the oldest at one entry past the limit', { maxEntries: 2, maxBytes: 100 }, [1, 1, 1], ['k1', 'k2']],
  ['keeps as many bytes as the limit says', { maxEntries: 9, maxBytes: 100 }, [60, 40], ['k0', 'k1']],
  ['drops the oldest at one byte past the limit', { maxEntries: 9, maxBytes: 100 }, [60, 41], ['k1']],
  ['drops as many as a large entry needs', { maxEntries: 9, maxBytes: 100 }, [30, 30, 30, 70], ['k2', 'k3']],
  ['keeps an entry as large as the cache', { maxEntries: 9, maxBytes: 100 }, [1, 100], ['k1']],
  ['does not store an entry larger than the cache', { maxEntries: 9, maxBytes: 100 }, [1, 101], ['k0']],
  [
    'drops its share at one entry past the limit',
    { maxEntries: 4, maxBytes: 100, evictionFactor: 0.5 },
    [1, 1, 1, 1, 1],
    ['k3', 'k4'],
  ],
  [
    'keeps the newest entry when its share is the whole',
    { maxEntries: 2, maxBytes: 100, evictionFactor: 1 },
    [1, 1, 1],
    ['k2'],
  ],
  ['stores nothing when it may hold no entries', { maxEntries: 0, maxBytes: 100 }, [1], []],
]

for (const [claim, limits, sizes, kept] of cases) {
  test(claim, () => {
    const cache = filled(limits, ...sizes)
    assert.deepEqual(keys(cache), kept)
    const bytes = kept.reduce((sum, key) => sum + sizes[Number(key.slice(1))]!, 0)
    assert.deepEqual([cache.size, cache.bytes], [kept.length, bytes])
  })
}

test('a hit makes an entry the last to leave', () => {
  const cache = filled({ maxEntries: 2, maxBytes: 100 }, 1, 1)
  assert.equal(cache.get('k0', 0), 0)
  cache.set('new', 9, { bytes: 1, expiresAtMs: day })
  assert.deepEqual(keys(cache), ['k0', 'new'])
})

test('an entry ends at its own time, not a millisecond later', () => {
  const cache = filled({ maxEntries: 2, maxBytes: 100 }, 1)
  assert.equal(cache.get('k0', day - 1), 0)
  assert.equal(cache.get('k0', day), undefined)
  assert.deepEqual([cache.size, cache.bytes], [0, 0])
})

test('a new value for a key takes the place and the bytes of the old one', () => {
  const cache = filled({ maxEntries: 2, maxBytes: 100 }, 60)
  cache.set('k0', 7, { bytes: 90, expiresAtMs: day })
  assert.deepEqual([cache.get('k0', 0), cache.size, cache.bytes], [7, 1, 90])
})

test('deleted and cleared entries give their bytes back', () => {
  const cache = filled({ maxEntries: 9, maxBytes: 100 }, 10, 20, 30)
  assert.deepEqual([cache.delete('k0'), cache.delete('k0'), cache.bytes], [true, false, 50])
  cache.clear()
  assert.deepEqual([cache.size, cache.bytes], [0, 0])
})

test('what is used all the time stays in a large cache, however much passes through it', () => {
  const cache = filled({ maxEntries: 100, maxBytes: Infinity }, ...Array.from({ length: 100 }, () => 1))
  for (let index = 0; index < 1_000; index++) {
    assert.equal(cache.get('k50', 0), 50)
    cache.set(`passing ${index}`, index, { bytes: 1, expiresAtMs: day })
  }
  assert.deepEqual([cache.get('k50', 0), cache.get('k51', 0), cache.size], [50, undefined, 100])
})
