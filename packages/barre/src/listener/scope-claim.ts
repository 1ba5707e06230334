import { ConfigError } from '../core/index.ts'
import type { Shape } from '../core/index.ts'

/** A member's name, or a JSON pointer (RFC 6901) when it starts with `/`. */
export const scopeKeyShape: Shape<string> = {
  check(value, path) {
    if (typeof value === 'string' && value !== '' && !/~(?![01])/.test(pointerPart(value))) return value
    throw new ConfigError(path, 'expected the name of a claim, or a JSON pointer such as /realm_access/roles')
  },
  json: { type: 'string', minLength: 1 },
}

function pointerPart(key: string): string {
  return key.startsWith('/') ? key : ''
}

/** Finds the scopes in claims: a text with spaces between them or a list of texts; anything else is none. */
export function scopeReader(scopeKey = 'scope'): (claims: unknown) => readonly string[] {
  const names = toNames(scopeKey)
  return (claims) => {
    let value = claims
    for (const name of names) value = ownMember(value, name)
    if (typeof value === 'string') return value.split(' ').filter((scope) => scope !== '')
    return Array.isArray(value) && value.every((scope) => typeof scope === 'string') ? value : []
  }
}

function toNames(scopeKey: string): readonly string[] {
  if (!scopeKey.startsWith('/')) return [scopeKey]
  const segments = scopeKey.slice(1).split('/')
  return segments.map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function ownMember(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name]
}
