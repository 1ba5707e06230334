import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { ConfigError, Secret } from '../core/index.ts'
import { readArguments } from './arguments.ts'
import { leavesOf, parseDocument } from './document.ts'
import { createEncrypter } from './encrypter.ts'
import { formatLegacy, formatSealed, parseEncrypted, sealedHeader } from './encrypted-value.ts'
import { canonicalKey } from './key-path.ts'

/** How many mutations of each seed; BARRE_FUZZ asks for more than a build's share. */
const rounds = Number(process.env['BARRE_FUZZ'] ?? 2_000)

/** A small generator of its own seed: a failure can be run again. */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const pieces = [
  '"',
  "'",
  '[',
  ']',
  '{',
  '}',
  '=',
  '.',
  ',',
  '\n',
  '\\',
  ':',
  '_',
  '-',
  '#',
  'é',
  '\0',
  '0',
  'A',
  '"""',
]

function mutate(text: string, random: (below: number) => number): string {
  const at = random(text.length + 1)
  const piece = pieces[random(pieces.length)]!
  const kinds: readonly (() => string)[] = [
    () => text.slice(0, at) + piece + text.slice(at),
    () => text.slice(0, at) + piece + text.slice(at + 1),
    () => text.slice(0, at),
    () => text.slice(0, at) + text.slice(at + 1 + random(8)),
    () => text.slice(0, at) + text.slice(random(at + 1), at) + text.slice(at),
  ]
  const mutated = kinds[random(kinds.length)]!()
  return random(3) === 0 ? mutate(mutated, random) : mutated
}

const options = { random: randomBytes, cost: { memoryKib: 8, passes: 1, lanes: 1 } }
const encrypter = createEncrypter(new Secret('ballerina'), options)

/** Whatever is read is written again as it was: no value has two spellings. */
function readEncrypted(text: string): void {
  const parsed = parseEncrypted(text)
  if (parsed === undefined) return
  if (parsed.form === 'legacy') return assert.equal(formatLegacy(parsed.iv, parsed.ciphertext), text)
  assert.equal(sealedHeader(parsed), parsed.header)
  return assert.equal(formatSealed(parsed.header, parsed.sealed), text)
}

function readKey(text: string): void {
  const canonical = canonicalKey(text)
  assert.equal(canonicalKey(canonical), canonical)
}

/** Every value of a document has a key, and that key finds its way back. */
function readDocument(text: string): void {
  for (const { path } of leavesOf(parseDocument(text, 'app.toml'))) assert.equal(canonicalKey(path), path)
}

const toml = `title = 'x' # kept
[server.http]
port = 9090
ratio = 0.25
at = 2026-01-01T00:00:00Z
["b7a.users.alice"]
password = """@encrypted:{abc}"""
[[users]]
username = "alice"
roles = ["a", { b = true }]
[[users]]
username = "b]=b"
`

const targets: readonly (readonly [name: string, seed: string, read: (text: string) => unknown])[] = [
  ['a TOML file', toml, readDocument],
  ['a key', 'users[username="a b"].list[0]."quo\\"ted".x', readKey],
  ['a new value', await encrypter.encrypt('password', { key: 'a' }), readEncrypted],
  ['an old value', await encrypter.encrypt('password', { legacy: true }), readEncrypted],
  ['a word', 'users[username=alice].password=a=b', (text) => readArguments(['-e', text, `-e${text}`, text])],
]
for (const [name, seed, read] of targets) {
  test(`${name} that was changed is read, or refused with a ConfigError`, () => {
    const random = randomOf(seed.length)
    read(seed)
    for (let round = 0; round < rounds; round++) {
      const text = mutate(seed, random)
      try {
        read(text)
      } catch (error) {
        if (!(error instanceof ConfigError)) throw new Error(`on ${JSON.stringify(text)}`, { cause: error })
      }
    }
  })
}
