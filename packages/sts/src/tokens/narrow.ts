import { refuse } from '../oauth-error.ts'
import type { Form } from '../form.ts'
import type { Outcome } from '../oauth-error.ts'

// RFC 6749 §3.3: scope-token characters, one space between tokens.
const scopeForm = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/

/** Whether a text is one scope token (RFC 6749 §3.3). */
export function isScope(text: string): boolean {
  return scopeForm.test(text) && !text.includes(' ')
}

/** The scopes of a new token: those asked for, each within every limit; all within the limits when none was named. */
export function narrowScopes(
  requested: string | undefined,
  limits: readonly ReadonlySet<string>[],
): Outcome<readonly string[]> {
  if (requested === undefined) {
    return { ok: true, value: [...limits.reduce((left, right) => left.intersection(right))] }
  }
  if (!scopeForm.test(requested)) return refuse('invalid_scope', 'The scope parameter is malformed.')
  const scopes = [...new Set(requested.split(' '))]
  return scopes.every((scope) => limits.every((limit) => limit.has(scope)))
    ? { ok: true, value: scopes }
    : refuse('invalid_scope', 'The request asks for more than may be granted.')
}

/**
 * The audience of a new token: what `audience` (RFC 8693 §2.1) and `resource` (RFC 8707 §2) name, all of it on the
 * list. Who may have just one audience need not name it.
 */
export function narrowAudience(allowed: ReadonlySet<string>, form: Form): Outcome<readonly string[]> {
  const targets = [...new Set([...form.all('audience'), ...form.all('resource')])]
  if (targets.length === 0) {
    return allowed.size === 1
      ? { ok: true, value: [...allowed] }
      : refuse('invalid_target', 'The request must name an audience.')
  }
  return targets.every((target) => allowed.has(target))
    ? { ok: true, value: targets }
    : refuse('invalid_target', 'The client may not obtain tokens for this audience.')
}
