import { chain, instance, isRecord, list, ok, optional, record, refuse, text } from '../../core/index.ts'
import { allowPlainPasswords, ConfigError, flag } from '../../core/index.ts'
import type { Awaitable, ProviderKind, Result, Services } from '../../core/index.ts'
import { basicLogin, noUser, wrongLogin } from '../basic-login.ts'
import type { UserDetails, UserProvider } from '../basic-login.ts'
import { loginMembers } from '../login-config.ts'
import type { LoginConfig } from '../login-config.ts'
import { userShape } from './config.ts'
import type { UserConfig } from './config.ts'
import { collectDecoys, createPasswordCheck } from './password-check.ts'
import { parseHash } from './password-formats.ts'
import type { StoredHash } from './password-formats.ts'
import { createRehash } from './rehash.ts'
import { toUser } from './users.ts'
import type { User } from './users.ts'

/** Users from the program: a database, a service, a table in memory. */
export interface UserStoreConfig extends LoginConfig {
  /** The user of this name, exactly, with the stored password; `undefined` when there is none. */
  find(username: string): Awaitable<UserConfig | undefined>
  /**
   * Keeps a better hash of a right password: called after a login whose stored password is weaker than
   * `hashPassword` makes it today. Write it only where `previous` still stands, or a change in between is lost.
   * The login does not wait for it, and a failure is only logged.
   */
  replace?(username: string, stored: string, previous: string): Awaitable<void>
  /**
   * One stored hash for each format and cost that `find` may bring; a user of another one is refused as
   * unavailable. Default: argon2id as `barre users add` writes it, which `replace` adds to those given.
   */
  readonly passwordFormats?: readonly string[]
  /** Accept passwords that are stored as they are. */
  readonly [allowPlainPasswords]?: boolean
}

/** Of `barre users add`; the hash is of nothing. */
const defaultFormat = `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`

const finder = instance(
  'a function from a user name to a user',
  (value): value is UserStoreConfig['find'] => typeof value === 'function',
)

const replacer = instance(
  'a function that stores a hash',
  (value): value is NonNullable<UserStoreConfig['replace']> => typeof value === 'function',
)

/** For `userStore({ find })`; no entry of an `auth` list, since a function is no data. */
export const userStoreKind: ProviderKind<'userStore', UserStoreConfig, UserProvider> = {
  key: 'userStore',
  shape: record<UserStoreConfig>({
    find: finder,
    replace: optional(replacer),
    passwordFormats: optional(list(text())),
    [allowPlainPasswords]: optional(flag()),
    ...loginMembers,
  }),
  create: createUserStore,
}

function createUserStore(config: UserStoreConfig, services: Services, path: string): UserProvider {
  const allowPlain = config[allowPlainPasswords] === true
  const formats = (config.passwordFormats ?? [defaultFormat]).map((stored, index) =>
    readFormat(stored, `${path}.passwordFormats[${index}]`),
  )
  if (config.replace !== undefined) formats.push(readFormat(defaultFormat, path))
  const rehash = createRehash(config, services)
  const decoys = collectDecoys(formats, services, path)
  const check = createPasswordCheck(decoys, services)
  const judge = (
    found: UserConfig | undefined,
    username: string,
    password: string,
  ): Awaitable<Result<UserDetails>> => {
    const user = found === undefined ? undefined : readUser(found, username, allowPlain)
    if (typeof user === 'string') return refuse('unavailable', user)
    if (user?.hash !== undefined && !decoys.has(user.hash.cost)) {
      return refuse('unavailable', `the stored password of a user is of no format in ${path}.passwordFormats`)
    }
    return chain(check(user, password), (checked) => {
      if (!checked.ok) return checked
      if (user === undefined || !checked.value) return wrongLogin
      rehash(user, password)
      return ok({ username, scopes: user.scopes })
    })
  }
  return basicLogin(
    {
      // Only the program knows when a user changes.
      rememberMs: 0,
      version: () => '',
      check: (username, password) =>
        chain(config.find(username), (found) => judge(found, username, password)),
      find: (username) =>
        chain(config.find(username), (found) => {
          const user = found === undefined ? undefined : readUser(found, username, allowPlain)
          if (typeof user === 'string') return refuse('unavailable', user)
          return user === undefined ? noUser : ok({ username, scopes: user.scopes })
        }),
    },
    config,
    services,
  )
}

function readFormat(stored: string, path: string): StoredHash {
  const hash = parseHash(stored)
  if (typeof hash === 'string') throw new ConfigError(path, `expected ${hash}`)
  return hash
}

/** The user, or what is wrong with it: the program's mistake, and nobody's wrong password. */
function readUser(found: unknown, username: string, allowPlain: boolean): User | string {
  try {
    const user = toUser(userShape.check(isRecord(found) ? { ...found } : found, 'find'), 'find', {
      allowPlain,
    })
    return user.username === username ? user : 'find: a user of another name'
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
}
