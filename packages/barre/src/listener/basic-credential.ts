import { ok, readAuthorization, refuse, Secret } from '../core/index.ts'
import type { Call, Result } from '../core/index.ts'

/** What a caller sent with the Basic scheme. */
export interface BasicCredential {
  readonly username: string
  readonly password: Secret
}

/** Reads a Basic credential (RFC 7617, charset UTF-8); abstains where there is none. */
export function readBasic(call: Call): Result<BasicCredential> | undefined {
  const token = readAuthorization(call, 'Basic')
  if (token === undefined || !token.ok) return token
  return parseBasic(token.value)
}

/** Splits the base64 part at its first colon. */
function parseBasic(token: string): Result<BasicCredential> {
  const userPass = decode(token)
  const colon = userPass?.indexOf(':') ?? -1
  if (userPass === undefined || colon === -1) {
    return refuse('malformed', 'expected base64 of username:password in UTF-8 without control characters')
  }
  const username = userPass.slice(0, colon)
  const password = userPass.slice(colon + 1)
  // Refused before any look-up: an empty password is an anonymous bind, which succeeds, to some directories.
  if (username === '' || password === '') return refuse('invalid', 'the user name or the password is empty')
  return ok({ username, password: new Secret(password) })
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decode(encoded: string): string | undefined {
  const bytes = Buffer.from(encoded, 'base64')
  // Node skips what is not base64: only a text that it would write the same way is one.
  if (bytes.toString('base64') !== encoded) return undefined
  try {
    const text = utf8.decode(bytes)
    return /\p{Cc}/u.test(text) ? undefined : text
  } catch {
    return undefined
  }
}
