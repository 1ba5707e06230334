import type { Expr } from '../graph/index.ts'
import { maskOf } from '../models/index.ts'
import type { Frame } from './frame.ts'
import { stepAt } from './frame.ts'
import { textOf } from './heap-access.ts'
import { afterPrefix } from './path-facts.ts'
import type { Label, Value } from './value.ts'
import { UNKNOWN, clearLabels, constant, joinLabels, ofLabels, traced } from './value.ts'

/** A string, whatever went into it, is no operator object. */
export const STRING_KINDS: number = maskOf(['nosql'])
/** With other text around it, a name can no longer be one that every object has. */
const NAME_KINDS = maskOf(['prototype-key', 'dispatch'])
const HOST_KINDS = maskOf(['ssrf', 'redirect'])
const REDIRECT = maskOf(['redirect'])

/** Text put together: each part is as dangerous as what stands before it leaves it. */
export function concat(frame: Frame, expr: Expr & { k: 'concat' }): Value {
  let labels: readonly Label[] = []
  const before = new Before()
  const isPadded = expr.parts.some((part) => part.k === 'const' && part.value !== '')
  for (const part of expr.parts) {
    const value = frame.eval(part)
    const cleared = STRING_KINDS | before.kinds() | (isPadded ? NAME_KINDS : 0)
    const own = clearLabels(textOf(frame, value), cleared)
    before.add(value, own.length > 0)
    labels = joinLabels(labels, own)
  }
  if (labels.length === 0) return before.prefix === undefined ? UNKNOWN : constant(before.prefix)
  return traced(ofLabels(labels), stepAt(frame, 'concatenated', expr))
}

/** The text so far, as much of it as is known. */
class Before {
  /** The constant text; undefined once a part of it is not known. */
  prefix: string | undefined = ''
  #isTainted = false
  #isHostFixed = false

  /** What no longer is dangerous after this text. */
  kinds(): number {
    const { prefix } = this
    if (prefix === undefined) return this.#isHostFixed ? HOST_KINDS : 0
    const host = this.#isHostFixed || FIXES_HOST.test(prefix) ? HOST_KINDS : 0
    return afterPrefix(prefix) | host | (RELATIVE.test(prefix) ? REDIRECT : 0)
  }

  add(value: Value, isTainted: boolean): void {
    const text = value.constants?.length === 1 ? String(value.constants[0]) : undefined
    this.#isTainted ||= isTainted
    if (!this.#isTainted) this.prefix = text === undefined ? undefined : joined(this.prefix, text)
    this.#isHostFixed ||= text !== undefined && /[?#]/.test(text)
  }
}

function joined(prefix: string | undefined, text: string): string | undefined {
  return prefix === undefined ? undefined : prefix + text
}

/** A browser goes to a path of the same host. */
const RELATIVE = /^[\w.-]+\//
/** After this much, what follows no longer chooses the host. */
const FIXES_HOST = /^(?:[a-z][a-z0-9+.-]*:)?\/\/[^/?#]+[/?#]|^\/[^/\\]|[?#]/i
