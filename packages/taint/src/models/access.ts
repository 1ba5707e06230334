/** A place relative to a call: `arg(0).text`, `this.element`, `arg(1).param(0)`, `return.await`. */
export interface Access {
  readonly base: AccessBase
  readonly steps: readonly AccessStep[]
}

type AccessBase =
  | { readonly kind: 'arg'; readonly from: number; readonly to: number; readonly fromEnd: boolean }
  | { readonly kind: 'this' }
  | { readonly kind: 'return' }
  | { readonly kind: 'throw' }

export type AccessStep =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'any' }
  /** All that the value holds, however deep; only the last step of a sink. */
  | { readonly kind: 'deep' }
  | { readonly kind: 'param'; readonly from: number; readonly to: number; readonly isThis: boolean }
  | { readonly kind: 'result' }

/** How a value changes on the way: moved as it is, its own taint, its text, or all that it holds. */
export type Carry = 'move' | 'self' | 'text' | 'deep' | 'fields'

export interface FlowRow {
  readonly from: Access
  readonly carry: Carry
  readonly to: Access
}

export class ModelError extends Error {
  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`)
    this.name = 'ModelError'
  }
}

const ARROWS: readonly (readonly [arrow: string, carry: Carry])[] = [
  ['->', 'move'],
  ['~>', 'self'],
  ['=>', 'text'],
  ['*>', 'deep'],
  ['+>', 'fields'],
]

/** Parses `from -> to`; the arrow says how much is carried. */
export function parseFlow(row: string, where: string): FlowRow {
  for (const [arrow, carry] of ARROWS) {
    const at = row.indexOf(` ${arrow} `)
    if (at > 0)
      return { from: parseAccess(row.slice(0, at), where), carry, to: parseAccess(row.slice(at + 4), where) }
  }
  throw new ModelError(where, `expected "FROM -> TO" with one of -> ~> => *> +>, got "${row}"`)
}

export function parseAccess(text: string, where: string): Access {
  const [first = '', ...rest] = splitPath(text.trim())
  return { base: parseBase(first, where), steps: rest.map((step) => parseStep(step, where)) }
}

/** Splits at dots outside of parentheses and brackets. */
export function splitPath(text: string): string[] {
  return text.match(/(?:\([^)]*\)|\[[^\]]*\]|[^.([])+/g) ?? []
}

const LAST = 250

function parseBase(text: string, where: string): AccessBase {
  if (text === 'this' || text === 'return' || text === 'throw') return { kind: text }
  const match = /^arg\((.*)\)$/.exec(text)
  if (match === null) throw new ModelError(where, `expected arg(N), this, return or throw, got "${text}"`)
  const inside = match[1] ?? ''
  if (inside.startsWith('last')) {
    const back = Number(inside.slice(4) || '0')
    return { kind: 'arg', from: -back, to: -back, fromEnd: true }
  }
  return { kind: 'arg', ...range(inside, where), fromEnd: false }
}

function range(text: string, where: string): { from: number; to: number } {
  const match = /^(\d+)(\.\.(\d*))?$/.exec(text)
  if (match === null) throw new ModelError(where, `expected N, N.. or N..M, got "${text}"`)
  const from = Number(match[1])
  if (match[2] === undefined) return { from, to: from }
  return { from, to: match[3] === '' || match[3] === undefined ? LAST : Number(match[3]) }
}

const NAMED_FIELDS: ReadonlyMap<string, string> = new Map([
  ['element', '<element>'],
  ['await', '<await>'],
  ['reject', '<reject>'],
  ['key', '<keys>'],
  ['value', '<value>'],
])

function parseStep(text: string, where: string): AccessStep {
  if (text === 'any' || text === 'deep') return { kind: text }
  if (text === 'return') return { kind: 'result' }
  if (text === 'param(this)') return { kind: 'param', from: 0, to: 0, isThis: true }
  const param = /^param\((.*)\)$/.exec(text)
  if (param !== null) return { kind: 'param', ...range(param[1] ?? '', where), isThis: false }
  const quoted = /^\[(.*)\]$/.exec(text)
  return { kind: 'field', name: quoted?.[1] ?? NAMED_FIELDS.get(text) ?? text }
}
