import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { test } from 'node:test'
import { createStamps } from './stamps.ts'

test('an object bears the last value of each kind of stamp, and its copies bear none', () => {
  const [ages, names] = [createStamps<object, number>(), createStamps<object, string>()]
  const bearer = { own: 1 }
  assert.equal(ages.get(bearer), undefined)
  ages.set(bearer, 1)
  ages.set(bearer, 2)
  names.set(bearer, 'two')
  assert.deepEqual([ages.get(bearer), names.get(bearer), ages.get({ ...bearer })], [2, 'two', undefined])
})

test('nobody else sees it', () => {
  const stamps = createStamps<object, string>()
  const bearer = { own: 1 }
  stamps.set(bearer, 'hidden')
  assert.deepEqual(Reflect.ownKeys(bearer), ['own'])
  assert.equal(inspect(bearer, { showHidden: true }), '{ own: 1 }')
})
