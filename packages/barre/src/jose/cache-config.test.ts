import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyCacheShape, tokenCacheShape } from './cache-config.ts'

/** As the order management article writes it, for tokens and for keys. */
const ofTheArticle = { capacity: 10, evictionFactor: 0.25, evictionPolicy: 'LRU', defaultMaxAge: -1 }

const accepted: [claim: string, shape: typeof keyCacheShape, value: object][] = [
  ['tokens: nothing at all', tokenCacheShape, {}],
  ['tokens: the smallest', tokenCacheShape, { capacity: 1, defaultMaxAge: 0, evictionPolicy: 'LRU' }],
  ['tokens: the largest', tokenCacheShape, { capacity: 1_000_000, defaultMaxAge: 86_400 }],
  ['tokens: until they expire', tokenCacheShape, { defaultMaxAge: -1 }],
  ["tokens: the article's", tokenCacheShape, ofTheArticle],
  ["keys: the article's", keyCacheShape, ofTheArticle],
  ['keys: the smallest', keyCacheShape, { capacity: 1, defaultMaxAge: 60 }],
  ['keys: the largest', keyCacheShape, { capacity: 100, defaultMaxAge: 86_400 }],
  ['keys: the usual age', keyCacheShape, { defaultMaxAge: -1 }],
]

for (const [claim, shape, value] of accepted) {
  test(`accepts for ${claim}`, () => assert.deepEqual({ ...shape.check(value, 'cacheConfig') }, value))
}

const refused: [claim: string, shape: typeof keyCacheShape, value: Record<string, unknown>][] = [
  ['no tokens', tokenCacheShape, { capacity: 0 }],
  ['one token too many', tokenCacheShape, { capacity: 1_000_001 }],
  ['half a token', tokenCacheShape, { capacity: 1.5 }],
  ['an age below -1', tokenCacheShape, { defaultMaxAge: -2 }],
  ['an age above a day', tokenCacheShape, { defaultMaxAge: 86_401 }],
  ['one key too many', keyCacheShape, { capacity: 101 }],
  ['keys that would be fetched all the time', keyCacheShape, { defaultMaxAge: 59 }],
  ['another policy', tokenCacheShape, { evictionPolicy: 'LFU' }],
  ['a share above all to evict', tokenCacheShape, { evictionFactor: 1.1 }],
  ['an interval of cleaning', keyCacheShape, { cleanupInterval: 60 }],
]

for (const [claim, shape, value] of refused) {
  test(`does not start with ${claim}`, () => {
    const [field] = Object.keys(value)
    assert.throws(() => shape.check(value, 'cacheConfig'), {
      name: 'ConfigError',
      path: `cacheConfig.${field}`,
    })
  })
}
