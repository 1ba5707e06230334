import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type * as Toml from 'smol-toml'
import { allowPlainPasswords, ConfigError, isRecord, Secret } from '../../core/index.ts'
import { userShape } from './config.ts'
import type { FileUserStoreConfig, UserConfig } from './config.ts'
import { canonicalKey } from '../../config/index.ts'
import { isEncryptedPassword } from './encrypted-passwords.ts'
import type { Opener } from './encrypted-passwords.ts'
import { looksHashed, parseHash } from './password-formats.ts'
import type { StoredHash } from './password-formats.ts'

/** A user as the store keeps it: with the password in one of two forms. */
export interface User {
  readonly username: string
  readonly scopes: readonly string[]
  readonly stored: Secret
  /** The parsed hash; absent when the password is stored as it is. */
  readonly hash?: StoredHash
}

/** The most users of one store; beyond that a directory is the right place. */
export const usersMax = 10_000

/** The file that is read when none is named. */
export const userFileDefault = 'Config.toml'

/** The users of a configuration, by name. Throws ConfigError that names file and field. */
export function loadUsers(
  config: FileUserStoreConfig,
  path: string,
  opener?: Opener,
): ReadonlyMap<string, User> {
  if (config.path !== undefined && config.users !== undefined) {
    throw new ConfigError(path, 'expected path or users, found both')
  }
  const found =
    config.users === undefined ? readUsers(config.path ?? userFileDefault, path) : given(config.users, path)
  if (found.length > usersMax)
    throw new ConfigError(path, `expected at most ${usersMax} users, found ${found.length}`)
  const users = new Map<string, User>()
  for (const { value, place, key } of found) {
    const checked = userShape.check(value, place)
    const open = opener && ((stored: string) => opener.open(stored, key(checked.username)))
    const user = toUser(checked, place, { allowPlain: config[allowPlainPasswords] === true, open })
    if (users.has(user.username)) throw new ConfigError(`${place}.username`, `a second user ${user.username}`)
    users.set(user.username, user)
  }
  return users
}

/** An unchecked user, where it stands, and the key of its password there, to which a value may be bound. */
interface Found {
  readonly value: unknown
  readonly place: string
  readonly key: (username: string) => string
}

function given(users: readonly UserConfig[], path: string): readonly Found[] {
  return users.map((value, index) => ({ value, place: `${path}.users[${index}]`, key: keyIn('users') }))
}

function readUsers(file: string, path: string): readonly Found[] {
  const place = `${path}: ${file}`
  const document = parse(read(file, path), place)
  const found = [
    ...usersOf(document, 'ballerina', place),
    ...usersOf(document, 'barre', place),
    ...usersByTable(document, place),
  ]
  if (found.length > 0) return found
  throw new ConfigError(
    place,
    'expected users: [[barre.auth.users]], [[ballerina.auth.users]] or ["b7a.users.NAME"]',
  )
}

function read(file: string, path: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException
    throw new ConfigError(`${path}.path`, `the user file ${file} cannot be read (${code})`, { cause })
  }
}

// Loaded only by programs that have a user file: parsing TOML costs every other program's start-up nothing.
const load = createRequire(import.meta.url)

function parse(text: string, place: string): Record<string, unknown> {
  const { parse: parseToml, TomlError } = load('smol-toml') as typeof Toml
  try {
    return parseToml(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    // The library's message quotes the lines around, which may hold passwords: it is not kept, not even as
    // the cause.
    throw new ConfigError(place, `not valid TOML at line ${error.line}, column ${error.column}`)
  }
}

/** `[[ballerina.auth.users]]` and `[[barre.auth.users]]`. */
function usersOf(document: Record<string, unknown>, root: string, place: string): readonly Found[] {
  const table = document[root]
  const auth = isRecord(table) ? table['auth'] : undefined
  const users = isRecord(auth) ? auth['users'] : undefined
  if (users === undefined) return []
  if (!Array.isArray(users))
    throw new ConfigError(`${place}: ${root}.auth.users`, 'expected a list of tables')
  const key = keyIn(`${root}.auth.users`)
  return users.map((value: unknown, index) => ({
    value,
    place: `${place}: ${root}.auth.users[${index}]`,
    key,
  }))
}

function keyIn(list: string): Found['key'] {
  return (username) => canonicalKey(`${list}[username=${JSON.stringify(username)}].password`)
}

const tablePrefix = 'b7a.users.'

/** `["b7a.users.NAME"]`, the format of Ballerina 0.991. */
function usersByTable(document: Record<string, unknown>, place: string): readonly Found[] {
  return Object.entries(document)
    .filter(([name]) => name.startsWith(tablePrefix))
    .map(([name, value]) => ({
      value: isRecord(value) ? { ...value, username: name.slice(tablePrefix.length) } : value,
      place: `${place}: ["${name}"]`,
      key: () => canonicalKey(`${JSON.stringify(name)}.password`),
    }))
}

/** What a store takes for a password beside hashes. */
interface PasswordRules {
  readonly allowPlain: boolean
  /** Opens an encrypted one. */
  readonly open?: ((stored: string) => StoredHash) | undefined
}

/** A checked user with the password read. Throws ConfigError that names `place`. */
export function toUser(
  { username, password, scopes = [] }: UserConfig,
  place: string,
  { allowPlain, open }: PasswordRules,
): User {
  const stored = typeof password === 'string' ? new Secret(password) : password
  const user = { username, stored, scopes: typeof scopes === 'string' ? splitScopes(scopes) : scopes }
  if (isEncryptedPassword(stored.reveal())) {
    if (open !== undefined) return { ...user, hash: open(stored.reveal()) }
    throw new ConfigError(`${place}.password`, 'an encrypted password needs the secret that opens it')
  }
  if (!looksHashed(stored.reveal())) {
    if (allowPlain) return user
    throw new ConfigError(
      `${place}.password`,
      'expected $argon2id$...; a password as it is needs [allowPlainPasswords]: true in the program',
    )
  }
  const hash = parseHash(stored.reveal())
  if (typeof hash !== 'string') return { ...user, hash }
  throw new ConfigError(`${place}.password`, `unusable hash: expected ${hash}`)
}

function splitScopes(scopes: string): readonly string[] {
  return scopes
    .split(',')
    .map((scope) => scope.trim())
    .filter((scope) => scope !== '')
}
