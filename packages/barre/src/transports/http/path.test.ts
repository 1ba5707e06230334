import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normalisePath, pathMaxLength } from './path.ts'

const normal: readonly (readonly [target: string, path: string])[] = [
  ['/', '/'],
  ['/order/1', '/order/1'],
  ['/order/1?x=/../y//z', '/order/1'],
  ['/order/', '/order/'],
  ['/%6f%72der', '/order'],
  ['/a%2db', '/a-b'],
  ['/caf%c3%a9', '/caf%C3%A9'],
  ['/100%25', '/100%25'],
  ['/%252e%252e/x', '/%252e%252e/x'],
  ['/.well-known/x', '/.well-known/x'],
  ['/a;v=1/b', '/a;v=1/b'],
  ['/...', '/...'],
]

const refused: readonly string[] = [
  '',
  'order',
  '*',
  'http://other/order',
  '//order',
  '/a//b',
  '/a/./b',
  '/a/../b',
  '/a/..',
  '/a/..;x/b',
  '/a/..%3bx/b',
  '/a/%2e%2e/b',
  '/a/.%2E/b',
  '/a%2fb',
  '/a%2Fb',
  '/a%5cb',
  '/a\\b',
  '/a%00b',
  '/a%0d%0ab',
  '/a%7fb',
  '/a%',
  '/a%2',
  '/a%zz',
  '/%ff',
  '/%c0%af',
  '/a b',
  '/a#b',
  '/é',
]

for (const [target, path] of normal) {
  test(`${target} is ${path}`, () => {
    assert.deepEqual(normalisePath(target), { ok: true, value: path })
  })
}

for (const target of refused) {
  test(`refuses ${JSON.stringify(target)}`, () => {
    const result = normalisePath(target)
    assert.equal(!result.ok && result.denial.code, 'malformed')
  })
}

test('a path is its own normal form', () => {
  for (const [, path] of normal) assert.deepEqual(normalisePath(path), { ok: true, value: path })
})

test('takes a path of the greatest length and refuses one longer', () => {
  assert.equal(normalisePath(`/${'a'.repeat(pathMaxLength - 1)}?q`).ok, true)
  assert.equal(normalisePath(`/${'a'.repeat(pathMaxLength)}`).ok, false)
})
