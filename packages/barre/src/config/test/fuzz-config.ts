import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { ConfigError, Secret } from '../../core/index.ts'
import { readArguments } from '../arguments.ts'
import { leavesOf, parseDocument } from '../document.ts'
import { createEncrypter } from '../encrypter.ts'
import { formatLegacy, formatSealed, parseEncrypted, sealedHeader } from '../encrypted-value.ts'
import { canonicalKey } from '../key-path.ts'
import { runFuzz } from '../../../test/fuzz.ts'
import type { Fuzz, FuzzTarget } from '../../../test/fuzz.ts'

/** Changes files: each is read, and then every key finds its way back, or is a ConfigError. */
export const fuzzToml: Fuzz = (count, seed) =>
  runFuzz([target('a TOML file', toml, readDocument)], mutate, count, seed)

/** The same for keys, encrypted values and words of a command line. */
export const fuzzConfigTexts: Fuzz = async (count, seed) =>
  runFuzz(await createTargets(), mutate, count, seed)

function target(name: string, original: string, read: (text: string) => unknown): FuzzTarget<string> {
  read(original)
  return {
    name,
    original,
    accepts(text) {
      try {
        read(text)
      } catch (error) {
        // A round trip that fails is an AssertionError: something was accepted that it is not.
        if (!(error instanceof ConfigError)) throw error
      }
      return false
    },
  }
}

async function createTargets(): Promise<readonly FuzzTarget<string>[]> {
  const options = { random: randomBytes, cost: { memoryKib: 8, passes: 1, lanes: 1 } }
  const encrypter = createEncrypter(new Secret('ballerina'), options)
  return [
    target('a key', 'users[username="a b"].list[0]."quo\\"ted".x', readKey),
    target('a new value', await encrypter.encrypt('password', { key: 'a' }), readEncrypted),
    target('an old value', await encrypter.encrypt('password', { legacy: true }), readEncrypted),
    target('a word', 'users[username=alice].password=a=b', (text) =>
      readArguments(['-e', text, `-e${text}`, text]),
    ),
  ]
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

function mutate(text: string, numbers: (below: number) => number): string {
  const at = numbers(text.length + 1)
  const piece = pieces[numbers(pieces.length)]!
  const kinds: readonly (() => string)[] = [
    () => text.slice(0, at) + piece + text.slice(at),
    () => text.slice(0, at) + piece + text.slice(at + 1),
    () => text.slice(0, at),
    () => text.slice(0, at) + text.slice(at + 1 + numbers(8)),
    () => text.slice(0, at) + text.slice(numbers(at + 1), at) + text.slice(at),
  ]
  const mutated = kinds[numbers(kinds.length)]!()
  return numbers(3) === 0 ? mutate(mutated, numbers) : mutated
}

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
