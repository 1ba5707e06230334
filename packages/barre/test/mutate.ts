/** Numbers that a seed decides: a fuzzer's finding can be had again. */
export function createNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0
  // mulberry32, by Tommy Ettinger: small, and random enough to choose where to cut.
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** What parsers have stumbled over. */
const fragments = [
  '.',
  '..',
  '=',
  '-',
  '\u0000',
  '\n',
  'é',
  '\uD800',
  '{}',
  '[]',
  '""',
  'null',
  '1e999',
  '"__proto__":{"a":1},',
  '"alg":"none",',
  '"crit":["b64"],"b64":false,',
  'eyJhbGciOiJub25lIn0',
]

const headerChanges: readonly Readonly<Record<string, unknown>>[] = [
  { alg: 'none' },
  { alg: 'HS256' },
  { alg: 'dir' },
  { alg: 'RSA1_5' },
  { alg: ['EdDSA'] },
  { enc: 'A128CBC-HS256' },
  { kid: '../../etc/passwd' },
  { kid: 'x'.repeat(300) },
  { crit: ['exp'], exp: 1 },
  { crit: ['b64'], b64: false },
  { zip: 'DEF' },
  { epk: { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) } },
  { p2c: 1e9, p2s: 'AAAAAAAAAAA' },
  { iv: '', tag: '' },
  { jwk: { kty: 'oct', k: 'AAAA' } },
]

/** The text with one to three changes: cut, doubled, replaced, moved, or another header. */
export function mutate(text: string, numbers: (below: number) => number): string {
  let mutated = text
  for (let rounds = numbers(3) + 1; rounds > 0; rounds--) {
    const change = changes[numbers(changes.length)]
    if (change !== undefined) mutated = change(mutated, numbers)
  }
  return mutated
}

type Change = (text: string, numbers: (below: number) => number) => string

const changes: readonly Change[] = [
  (text, numbers) => splice(text, numbers, (part) => part.slice(0, 0)),
  (text, numbers) => splice(text, numbers, (part) => part + part),
  (text, numbers) => splice(text, numbers, (part) => part.split('').toReversed().join('')),
  (text, numbers) => splice(text, numbers, () => fragments[numbers(fragments.length)] ?? ''),
  (text, numbers) => replaceAt(text, numbers(text.length + 1), String.fromCharCode(numbers(128))),
  (text, numbers) => replaceAt(text, numbers(text.length + 1), alphabet[numbers(64)] ?? ''),
  (text, numbers) => {
    const segments = text.split('.')
    const [from, to] = [numbers(segments.length), numbers(segments.length)]
    return segments.with(to, segments[from] ?? '').join('.')
  },
  changeHeader,
]

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

function splice(text: string, numbers: (below: number) => number, change: (part: string) => string): string {
  const from = numbers(text.length + 1)
  const to = Math.min(text.length, from + numbers(8))
  return text.slice(0, from) + change(text.slice(from, to)) + text.slice(to)
}

function replaceAt(text: string, index: number, character: string): string {
  return text.slice(0, index) + character + text.slice(index + 1)
}

/** Another protected header, well-formed, in a compact or a JSON serialization. */
function changeHeader(text: string, numbers: (below: number) => number): string {
  return text.replace(/eyJ[\w-]+/, (segment) => {
    try {
      const header = JSON.parse(Buffer.from(segment, 'base64url').toString()) as object
      const changed = { ...header, ...headerChanges[numbers(headerChanges.length)] }
      return Buffer.from(JSON.stringify(changed)).toString('base64url')
    } catch {
      return segment
    }
  })
}

/** Flips, overwrites, cuts, repeats and inserts bytes, one time in three more than once. */
export function mutateBytes(bytes: Buffer, numbers: (below: number) => number): Buffer {
  const copy = Buffer.from(bytes)
  const at = numbers(copy.length)
  const kinds: readonly (() => Buffer)[] = [
    () => {
      copy[at]! ^= 1 << numbers(8)
      return copy
    },
    () => {
      copy[at] = numbers(256)
      return copy
    },
    () => copy.subarray(0, at),
    () => Buffer.concat([copy.subarray(0, at), copy.subarray(at + 1 + numbers(8))]),
    () => Buffer.concat([copy.subarray(0, at), copy.subarray(numbers(at + 1), at), copy.subarray(at)]),
    () =>
      Buffer.concat([copy.subarray(0, at), Buffer.alloc(1 + numbers(9), numbers(256)), copy.subarray(at)]),
  ]
  const changed = kinds[numbers(kinds.length)]!()
  return numbers(3) === 0 && changed.length > 0 ? mutateBytes(changed, numbers) : changed
}
