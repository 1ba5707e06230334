import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from './config-error.ts'
import { Secret } from './secret.ts'
import {
  either,
  flag,
  hinted,
  instance,
  list,
  number,
  oneOf,
  optional,
  record,
  secret,
  table,
  text,
} from './shape.ts'
import type { Shape } from './shape.ts'

const allowDanger: unique symbol = Symbol('test.allowDanger')

interface Sample {
  readonly name: string
  readonly seconds?: number
  readonly inner?: { readonly on: boolean }
  readonly [allowDanger]?: boolean
}

const sample = record<Sample>({
  name: text(),
  seconds: optional(number({ min: 1, max: 10, unit: 'seconds', integer: true })),
  inner: optional(record<{ readonly on: boolean }>({ on: flag() })),
  [allowDanger]: optional(flag()),
})

const isSecret = (value: unknown): value is Secret => value instanceof Secret

const good: readonly (readonly [string, Shape<unknown>, unknown])[] = [
  ['text', text(), 'a'],
  ['the least number', number({ min: 1, max: 10 }), 1],
  ['the greatest number', number({ min: 1, max: 10 }), 10],
  ['a flag', flag(), false],
  ['one of a set', oneOf('a', 'b'), 'b'],
  ['an empty list', list(text()), []],
  ['a list of the least length', list(text(), 1), ['a']],
  ['a secret text', secret(), 'a'],
  ['a Secret', secret(), new Secret('a')],
  ['an instance', instance('a Secret', isSecret), new Secret('a')],
  ['the first of two', either(text(), flag()), 'a'],
  ['the second of two', either(text(), flag()), true],
  ['a record without its optional members', sample, { name: 'a' }],
  ['a record with all', sample, { name: 'a', seconds: 2, inner: { on: true }, [allowDanger]: true }],
]
for (const [name, shape, value] of good) {
  test(`accepts ${name}`, () => assert.deepEqual(shape.check(value, 'p'), value))
}

const bad: readonly (readonly [string, Shape<unknown>, unknown, string])[] = [
  ['empty text', text(), '', "p: expected non-empty text, found ''"],
  ['no text', text(), 7, 'p: expected non-empty text, found 7'],
  ['a number too small', number({ min: 1, max: 10 }), 0, 'p: expected a number from 1 to 10, found 0'],
  [
    'a number too great',
    number({ max: 10, unit: 'seconds' }),
    11,
    'p: expected a number of seconds from 0 to 10, found 11',
  ],
  ['NaN', number({ max: 1 }), Number.NaN, 'p: expected a number from 0 to 1, found NaN'],
  ['a fraction', number({ max: 1, integer: true }), 0.5, 'p: expected a whole number from 0 to 1, found 0.5'],
  ['a number in a text', number({ max: 1 }), '1', 'p: expected a number from 0 to 1, found a string'],
  ['text for a flag', flag(), 'true', 'p: expected true or false, found a string'],
  ['none of a set', oneOf('a', 'b'), 'c', 'p: expected "a" or "b", found a string'],
  ['a record for a list', list(text()), {}, 'p: expected a list, found a record'],
  ['a list too short', list(text(), 2), ['a'], 'p: expected at least 2 members'],
  ['a wrong member', list(text()), ['a', 1], 'p[1]: expected non-empty text, found 1'],
  ['a hole in a list', list(text()), Array<string>(1), 'p[0]: expected non-empty text, found nothing'],
  ['a list for a table', table(text()), [], 'p: expected a table, found an empty list'],
  ['a wrong row', table(text()), { a: 1 }, 'p.a: expected non-empty text, found 1'],
  ['an empty secret', secret(), '', 'p: expected non-empty text or a Secret'],
  ['not an instance', instance('a Secret', isSecret), 'a', 'p: expected a Secret, found a string'],
  [
    'neither of two',
    either(text(), flag()),
    1,
    'p: expected non-empty text, found 1; or expected true or false, found 1',
  ],
  ['a missing member', sample, {}, 'p.name: required, but absent'],
  [
    'an unknown member',
    sample,
    { name: 'a', nmae: 'a' },
    'p.nmae: unknown field; known here: name, seconds, inner',
  ],
  [
    'an unknown symbol',
    sample,
    { name: 'a', [Symbol('x')]: 1 },
    'p.Symbol(x): unknown field; known here: name, seconds, inner',
  ],
  [
    'a wrong member deep down',
    sample,
    { name: 'a', inner: { on: 1 } },
    'p.inner.on: expected true or false, found 1',
  ],
  [
    'a wrong symbol member',
    sample,
    { name: 'a', [allowDanger]: 1 },
    'p[test.allowDanger]: expected true or false, found 1',
  ],
  ['a class instance for a record', sample, new Date(0), 'p: expected a record, found a record'],
  ['null for a record', sample, null, 'p: expected a record, found null'],
]
for (const [name, shape, value, message] of bad) {
  test(`refuses ${name}`, () => {
    assert.throws(
      () => shape.check(value, 'p'),
      (error) => error instanceof ConfigError && error.code === 'config' && error.message === message,
    )
  })
}

test('of two forms, the error of the one that got deeper is told', () => {
  const either2 = either(sample, text())
  assert.throws(() => either2.check({ name: 1 }, 'p'), {
    message: 'p.name: expected non-empty text, found 1',
  })
})

test('a checked configuration cannot be changed, nor through the one that was given', () => {
  const given = { name: 'a', inner: { on: true } }
  const checked = sample.check(given, 'p')
  given.inner.on = false
  assert.equal(checked.inner?.on, true)
  assert.throws(() => Object.assign(checked, { name: 'b' }), TypeError)
  assert.throws(() => Object.assign(checked.inner ?? {}, { on: false }), TypeError)
})

test('names of a table are data, whatever they are', () => {
  const checked = table(text()).check(JSON.parse('{"__proto__":"a","constructor":"b"}'), 'p')
  assert.deepEqual([checked['__proto__'], checked['constructor'], checked['toString']], ['a', 'b', undefined])
})

test('a configuration at the root is named by its fields alone', () => {
  assert.throws(() => sample.check({}, ''), { message: 'name: required, but absent', path: 'name' })
  const helpful = record<{ readonly name: string }>({ name: hinted(text(), 'what to call it') })
  assert.throws(() => helpful.check({}, ''), { message: 'name: required, but absent: what to call it' })
  assert.throws(() => text().check('', ''), { message: "expected non-empty text, found ''" })
  const message = 'expected non-empty text, found 1; or expected true or false, found 1'
  assert.throws(() => either(text(), flag()).check(1, ''), { message })
})

test('describes itself as JSON Schema, without what only code can say', () => {
  assert.deepEqual(sample.json, {
    type: 'object',
    properties: {
      name: { type: 'string', minLength: 1 },
      seconds: { type: 'integer', minimum: 1, maximum: 10, description: 'seconds' },
      inner: {
        type: 'object',
        properties: { on: { type: 'boolean' } },
        required: ['on'],
        additionalProperties: false,
      },
    },
    required: ['name'],
    additionalProperties: false,
  })
})
