import { ok, refuse } from '../../core/index.ts'
import type { Result } from '../../core/index.ts'

/** The longest path that is looked at, in characters, query excluded. */
export const pathMaxLength = 8192

// RFC 3986 §3.3: what a path may hold as it is, with `%` still to be looked at.
const plain = /^\/[A-Za-z0-9\-._~!$&'()*+,;=:@/%]*$/
const escapes = /%(?:([0-9A-Fa-f]{2})|)/g
const unreserved = /^[A-Za-z0-9\-._~]$/

/**
 * The one spelling of a request target's path, without its query; refused is every spelling that two readers could
 * take for two paths (docs/decisions/path-normalisation.md lists them).
 */
export function normalisePath(target: string): Result<string> {
  const query = target.indexOf('?')
  const path = query === -1 ? target : target.slice(0, query)
  if (path.length > pathMaxLength)
    return refuse('malformed', `a path longer than ${pathMaxLength} characters`)
  // An absolute-form target (`GET http://host/path`) ends here too: it is for proxies.
  if (!plain.test(path)) return refuse('malformed', 'a target that is not a path of RFC 3986 characters')
  if (path.includes('//')) return refuse('malformed', 'an empty path segment')
  const normal = path.includes('%') ? decodeUnreserved(path) : path
  if (normal === undefined) return refuse('malformed', 'an escape that hides a character which must show')
  if (/[.%]/.test(normal) && decodeURIComponent(normal).split('/').some(isDotSegment)) {
    return refuse('malformed', 'a dot segment')
  }
  return ok(normal)
}

/** RFC 3986 §6.2.2.1 and .2: escaped unreserved characters show themselves, other escapes are upper case. */
function decodeUnreserved(path: string): string | undefined {
  let sound = true
  const decoded = path.replace(escapes, (escape, hex: string | undefined) => {
    const byte = hex === undefined ? 0 : Number.parseInt(hex, 16)
    const character = String.fromCharCode(byte)
    if (byte < 0x20 || byte === 0x7f || character === '/' || character === '\\') sound = false
    return unreserved.test(character) ? character : escape.toUpperCase()
  })
  return sound && isUtf8(decoded) ? decoded : undefined
}

function isUtf8(path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}

/** `.` and `..`, also with the parameters that some servers cut off before they look (`..;x`). */
function isDotSegment(segment: string): boolean {
  const name = segment.split(';', 1)[0]
  return name === '.' || name === '..'
}
