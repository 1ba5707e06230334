import { ConfigError } from '../core/index.ts'

/**
 * A step of a key path: a name (`user`), an entry of a list by number (`[0]`) or by one of its members
 * (`[username=alice]`).
 */
export type Step =
  | { readonly name: string }
  | { readonly index: number }
  | { readonly member: string; readonly value: string }

/** The most characters of a key path. */
export const keyPathMax = 1_024

// A name or a quoted name, after a dot unless it is the first; or an address in a list.
const quoted = String.raw`"(?:[^"\\]|\\.)*"`
const nameForm = String.raw`(?:^|(?<!^)\.)(?:(?<name>[^\s".[\]=]+)|(?<quoted>${quoted}))`
const memberForm = String.raw`(?<member>[^\s"[\]=]+)=(?:(?<plain>[^\s"[\]=]+)|(?<value>${quoted}))`
const stepPattern = new RegExp(String.raw`${nameForm}|\[(?:(?<index>\d{1,9})|${memberForm})\]`, 'y')

/** Reads `users[username=alice].password`. Throws ConfigError for what is no key path. */
export function parseKeyPath(text: string): readonly Step[] {
  const steps: Step[] = []
  let at = 0
  if (text.length > keyPathMax) throw new ConfigError('', `a key has at most ${keyPathMax} characters`)
  while (at < text.length) {
    stepPattern.lastIndex = at
    const step = toStep(stepPattern.exec(text)?.groups)
    if (step === undefined) throw notAKey(text)
    at = stepPattern.lastIndex
    steps.push(step)
  }
  if (steps[0] === undefined || !('name' in steps[0])) throw notAKey(text)
  return steps
}

function notAKey(text: string): ConfigError {
  return new ConfigError(text, 'expected a key such as server.port or users[username=alice].password')
}

function toStep(groups: Record<string, string | undefined> | undefined): Step | undefined {
  if (groups === undefined) return undefined
  const { name, quoted: quotedName, index, member, plain, value } = groups
  if (name !== undefined) return { name }
  if (index !== undefined) return { index: Number(index) }
  const unquoted = unquote(quotedName ?? value)
  if (quotedName !== undefined) return unquoted === undefined ? undefined : { name: unquoted }
  const wanted = plain ?? unquoted
  return member === undefined || wanted === undefined ? undefined : { member, value: wanted }
}

function unquote(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as string)
  } catch {
    return undefined
  }
}

/** The one spelling of a key path: values are bound to it when they are encrypted. */
export function canonicalKey(text: string): string {
  return parseKeyPath(text).reduce(appendStep, '')
}

export function appendStep(path: string, step: Step): string {
  if ('name' in step) return appendName(path, step.name)
  if ('index' in step) return `${path}[${step.index}]`
  return `${path}[${step.member}=${quoteUnless(/^[^\s"[\]=]+$/, step.value)}]`
}

/** As Ballerina has it, a table may also be one quoted name with dots: `["b7a.users"]` is `b7a.users`. */
export function appendName(path: string, name: string): string {
  const written = quoteUnless(/^[^\s".[\]=]+(?:\.[^\s".[\]=]+)*$/, name)
  return path === '' ? written : `${path}.${written}`
}

function quoteUnless(plain: RegExp, text: string): string {
  return plain.test(text) ? text : JSON.stringify(text)
}
