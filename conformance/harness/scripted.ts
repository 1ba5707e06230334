import { denialCodes, ok, parseAuthorization, refuse, toPrincipal } from 'barre/core'
import type { Authenticated, DenialCode, Provider, Result } from 'barre/core'

export const retryAfterSeconds = 7

/** A text that no answer may hold. */
export const detail = 'for the log alone'

/**
 * A provider that does what the token says: of `Bearer one.two`, the provider with index 0 does `one` and that with
 * index 1 `two`. A word is a denial code, or one of these:
 * `good`: the caller has the scope `orders`; `poor`: they have none; `silent`: it abstains; `throws`, `rejects` and
 * `nothing`: it fails. After `slow-` a word is done later.
 */
export interface Scripted extends Provider<string> {
  /** The words that it was asked to do. */
  readonly asked: string[]
}

export function scripted(index: number): Scripted {
  const asked: string[] = []
  return {
    asked,
    schemes: ['Bearer'],
    read(call) {
      const [value = ''] = call.metadata('authorization')
      const word = parseAuthorization(value)?.token.split('.')[index] ?? 'silent'
      return word === 'silent' ? undefined : ok(word)
    },
    verify(word) {
      asked.push(word)
      if (!word.startsWith('slow-')) return act(word)
      return new Promise((resolve) => setImmediate(resolve)).then(() => act(word.slice('slow-'.length)))
    },
    challenges: ({ code, scopes = [] }) => [
      `Bearer realm="${index}", error="${code}", scope="${scopes.join(' ')}"`,
    ],
  }
}

const reply = [['x-proof', 'seen']] as const

function act(word: string): Result<Authenticated> {
  const code = denialCodes.find((known) => known === word)
  if (code !== undefined)
    return refuse(code, detail, hasWait(code) ? { retryAfterSeconds, reply } : { reply })
  if (word === 'nothing') return undefined as never
  if (word === 'throws') throw new Error(detail)
  const scopes = { good: ['orders'], poor: [] }[word]
  if (scopes === undefined) throw new TypeError(`no such word: ${word}`)
  return ok({ principal: toPrincipal({ id: word, username: word, scheme: 'Bearer', scopes }), reply })
}

function hasWait(code: DenialCode): boolean {
  return code === 'throttled' || code === 'unavailable'
}
