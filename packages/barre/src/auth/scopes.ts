import { ConfigError, isRecord, list, record } from '../core/index.ts'
import type { Scopes, Shape } from '../core/index.ts'

// RFC 6749 §3.3: scope-token. Anything else could never be sent back in a challenge.
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

const scope: Shape<string> = {
  check(value, path) {
    if (typeof value === 'string' && scopeToken.test(value)) return value
    throw new ConfigError(path, 'expected a scope: visible ASCII without spaces, quotes or backslashes')
  },
  json: { type: 'string', pattern: scopeToken.source },
}

const anyOf = list(scope, 1)
const allOf = record<{ readonly all: readonly string[] }>({ all: list(scope, 1) })

/** The shape of `scopes`: one scope, a list of which any is enough, or `{ all: [...] }`. */
export const scopesShape: Shape<Scopes> = {
  check(value, path) {
    if (Array.isArray(value)) return anyOf.check(value, path)
    return isRecord(value) ? allOf.check(value, path) : scope.check(value, path)
  },
  json: { anyOf: [scope.json, anyOf.json, allOf.json] },
}
