import { ConfigError, ok, record, Secret, secret } from '../../core/index.ts'
import type { CredentialSource, Outgoing, Shape, SourceKind } from '../../core/index.ts'

/** A user name and password (RFC 7617) that every call carries. */
export interface CredentialsConfig {
  /** Without ':' and control characters. */
  readonly username: string
  /** Without control characters. */
  readonly password: string | Secret
}

const username: Shape<string> = {
  check(value, path) {
    // RFC 7617 §2: a user-id with a colon could not be told from its password.
    if (typeof value === 'string' && /^[^:\p{Cc}]+$/u.test(value)) return value
    throw new ConfigError(path, "expected non-empty text without ':' and control characters")
  },
  json: { type: 'string', minLength: 1 },
}

/** `auth: { username, password }` */
export const basicKind: SourceKind<'username', CredentialsConfig> = {
  key: 'username',
  shape: record<CredentialsConfig>({ username, password: secret() }),
  create(config, _services, path) {
    const outgoing: Outgoing = Object.freeze({
      kind: 'password',
      username: config.username,
      password: toPassword(config.password, `${path}.password`),
    })
    return { credential: () => ok(outgoing) } satisfies CredentialSource
  },
}

function toPassword(given: string | Secret, path: string): Secret {
  const password = typeof given === 'string' ? new Secret(given) : given
  if (/^\P{Cc}+$/u.test(password.reveal())) return password
  throw new ConfigError(path, 'expected non-empty text without control characters')
}
