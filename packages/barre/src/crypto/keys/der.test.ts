import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DerReader, readDer, tags } from './der.ts'
import { writeDer, writeInteger, writeOid, writeSequence } from './der-write.ts'
import { KeyError } from './key-error.ts'

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex')
}

function read(hex: string): DerReader {
  return new DerReader(bytes(hex), 'test')
}

const refused: readonly (readonly [name: string, hex: string, action: (reader: DerReader) => unknown])[] = [
  ['nothing', '', (reader) => reader.next()],
  ['a tag alone', '30', (reader) => reader.next()],
  ['another tag', '02 01 00', (reader) => reader.next(tags.sequence)],
  ['an indefinite length', '30 80 00 00', (reader) => reader.next()],
  ['a length beyond the end', '04 02 00', (reader) => reader.next()],
  ['a length of zero in two bytes', '04 81 00', (reader) => reader.next()],
  ['a short length in two bytes', `04 81 7f ${'00'.repeat(127)}`, (reader) => reader.next()],
  ['a length with a leading zero', `04 82 00 80 ${'00'.repeat(128)}`, (reader) => reader.next()],
  ['a length of five bytes', '04 85 01 00 00 00 00', (reader) => reader.next()],
  ['a tag number above 30', '1f 81 00 00', (reader) => reader.next()],
  ['an empty number', '02 00', (reader) => reader.integer(1)],
  ['a number with a leading zero', '02 02 00 7f', (reader) => reader.integer(1000)],
  ['a negative number', '02 01 80', (reader) => reader.integer(1000)],
  ['a number above the limit', '02 01 04', (reader) => reader.integer(3)],
  ['a number of seven bytes', '02 07 01 00 00 00 00 00 00', (reader) => reader.integer(2 ** 53 - 1)],
  ['an empty object identifier', '06 00', (reader) => reader.oid()],
  ['an object identifier that ends early', '06 02 2a 86', (reader) => reader.oid()],
  ['an arc with a leading zero', '06 03 2a 80 01', (reader) => reader.oid()],
  ['an object identifier of 65 bytes', `06 41 ${'2a'.repeat(65)}`, (reader) => reader.oid()],
  ['bits that do not fill their bytes', '03 02 01 80', (reader) => reader.bits()],
  ['a value too many', '05 00', (reader) => reader.end()],
]
for (const [name, hex, action] of refused) {
  test(`refuses ${name}`, () => {
    assert.throws(
      () => action(read(hex)),
      (error) => error instanceof KeyError && error.code === 'malformed',
    )
  })
}

test('refuses bytes behind the one value', () => {
  assert.throws(() => readDer(bytes('30 00 00'), tags.sequence, 'test'), { code: 'malformed' })
})

test('reads what it writes', () => {
  const numbers = [0, 1, 127, 128, 255, 256, 65_535, 2 ** 40]
  const names = ['1.2.840.113549.1.12.1.6', '2.16.840.1.101.3.4.4.2', '0.9.2342', '2.999.3']
  const long = Buffer.alloc(70_000, 7)
  const all = writeSequence(
    ...numbers.map(writeInteger),
    ...names.map(writeOid),
    ...[127, 128, 255, 256, 65_536].map((size) => writeDer(tags.octetString, long.subarray(0, size))),
  )
  const reader = readDer(all, tags.sequence, 'test')
  assert.deepEqual(
    numbers.map(() => reader.integer(2 ** 41)),
    numbers,
  )
  assert.deepEqual(
    names.map(() => reader.oid()),
    names,
  )
  assert.deepEqual(
    [1, 2, 3, 4, 5].map(() => reader.octets().length),
    [127, 128, 255, 256, 65_536],
  )
  reader.end()
})

test('an object identifier of 64 bytes is the longest', () => {
  assert.equal(
    read(`06 40 ${'2a'.repeat(64)}`)
      .oid()
      .startsWith('1.2.42.'),
    true,
  )
})
