import { runFuzz } from './fuzz.ts'
import { mutate } from './mutate.ts'
import type { Call, Result, Secret } from '../src/core/index.ts'
import type { Fuzz, FuzzTarget } from './fuzz.ts'

type ReadBasic = (call: Call) => Result<{ readonly username: string; readonly password: Secret }> | undefined

/** Changes Authorization values: what `read` makes of them must be what a second reader does. */
export function fuzzBasic(read: ReadBasic): Fuzz {
  return (count, seed) => runFuzz(createTargets(read), change, count, seed)
}

const userPasses: readonly string[] = [
  'alice:open sesame',
  'a:b:c',
  '\ufefftest:123£',
  'x:',
  ':x',
  'tab\t:x',
  `${'u'.repeat(300)}:${'p'.repeat(700)}`,
]

function createTargets(readBasic: ReadBasic): readonly FuzzTarget<string>[] {
  return userPasses.map((userPass) => ({
    name: JSON.stringify(userPass.slice(0, 20)),
    original: `Basic ${Buffer.from(userPass).toString('base64')}`,
    accepts(value) {
      const read = readBasic(callWith(value))
      const expected = readAgain(value)
      if (read?.ok !== true) return expected !== undefined
      return `${read.value.username}:${read.value.password.reveal()}` !== expected
    },
  }))
}

function callWith(authorization: string): Call {
  return {
    method: 'GET',
    target: '/',
    signal: AbortSignal.abort(),
    peer: { encrypted: true },
    metadata: () => [authorization],
  }
}

const form = /^basic ((?:[a-z0-9+/]{4})*(?:[a-z0-9+/]{2}==|[a-z0-9+/]{3}=)?)$/i

/** RFC 7617 once more, otherwise written: by a grammar, `atob`, and the bytes of what was decoded. */
function readAgain(value: string): string | undefined {
  const [, encoded] = form.exec(value) ?? []
  if (!encoded || value.length > 16_384) return undefined
  const binary = atob(encoded)
  if (btoa(binary) !== encoded) return undefined
  const text = Buffer.from(binary, 'latin1').toString('utf8')
  if (Buffer.from(text, 'utf8').toString('latin1') !== binary) return undefined
  for (let at = 0; at < text.length; at++) if (isControl(text.charCodeAt(at))) return undefined
  return /^[^:]+:[^]+$/.test(text) ? text : undefined
}

function isControl(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code < 0xa0)
}

/** Every other time the text inside the base64, else the value around it. */
function change(value: string, numbers: (below: number) => number): string {
  if (numbers(2) === 0) return mutate(value, numbers)
  const userPass = Buffer.from(value.slice('Basic '.length), 'base64').toString('latin1')
  return `Basic ${Buffer.from(mutate(userPass, numbers), 'latin1').toString('base64')}`
}
