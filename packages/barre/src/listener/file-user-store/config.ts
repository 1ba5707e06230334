import {
  allowPlainPasswords,
  described,
  flag,
  list,
  optional,
  record,
  secret,
  text,
} from '../../core/index.ts'
import { ConfigError } from '../../core/index.ts'
import type { Secret, Shape } from '../../core/index.ts'
import { loginMembers } from '../login-config.ts'
import type { LoginConfig } from '../login-config.ts'

/** One user of the store. */
export interface UserConfig {
  /** Without ':' and control characters. */
  readonly username: string
  /** `$argon2id$...`, or with `[allowPlainPasswords]` the password itself. */
  readonly password: string | Secret
  /** A list, or one text with commas between. */
  readonly scopes?: string | readonly string[]
}

/** Users and their passwords from a TOML file, or from the configuration itself. */
export interface FileUserStoreConfig extends LoginConfig {
  /** The TOML file; default `Config.toml` in the working directory. */
  readonly path?: string
  /** The users themselves, in place of a file. */
  readonly users?: readonly UserConfig[]
  /** What opens `@encrypted:{...}` passwords of the file: the secret of `barre encrypt`. */
  readonly secret?: string | Secret
  /** Accept passwords that are stored as they are. */
  readonly [allowPlainPasswords]?: boolean
}

const username: Shape<string> = {
  check(value, path) {
    // RFC 7617 §2: a user-id with a colon could not be told from its password.
    if (typeof value === 'string' && /^[^:\p{Cc}]+$/u.test(value)) return value
    throw new ConfigError(path, "expected non-empty text without ':' and control characters")
  },
  json: { type: 'string', pattern: '^[^:\\p{Cc}]+$' },
}

const scopeList = list(text())

const scopes: Shape<string | readonly string[]> = {
  check(value, path) {
    return typeof value === 'string' ? value : scopeList.check(value, path)
  },
  json: { anyOf: [{ type: 'string' }, scopeList.json] },
}

export const userShape: Shape<UserConfig> = record<UserConfig>({
  username,
  password: secret(),
  scopes: optional(scopes),
})

const members: Shape<FileUserStoreConfig> = record<FileUserStoreConfig>({
  path: optional(text('a TOML file')),
  users: optional(list(userShape, 1)),
  secret: optional(secret()),
  [allowPlainPasswords]: optional(flag()),
  ...loginMembers,
})

export const fileUserStoreShape: Shape<FileUserStoreConfig> = described(members, {
  not: { required: ['path', 'users'] },
})
