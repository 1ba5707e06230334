import { chain, ok } from '../../core/index.ts'
import type { ProviderKind, Services } from '../../core/index.ts'
import { basicLogin, noUser, wrongLogin } from '../basic-login.ts'
import type { UserProvider } from '../basic-login.ts'
import { createOpener } from './encrypted-passwords.ts'
import { fileUserStoreShape } from './config.ts'
import type { FileUserStoreConfig } from './config.ts'
import { collectDecoys, createPasswordCheck } from './password-check.ts'
import type { PasswordCheck } from './password-check.ts'
import { loadUsers, userFileDefault } from './users.ts'
import type { User } from './users.ts'
import { watchFile } from './watch-file.ts'

/** `{ fileUserStoreConfig: {...} }` */
export const fileUserStoreKind: ProviderKind<'fileUserStoreConfig', FileUserStoreConfig, UserProvider> = {
  key: 'fileUserStoreConfig',
  shape: fileUserStoreShape,
  create: createFileUserStore,
}

/** How long a password that was right needs no second hash, in milliseconds. */
export const successMaxAgeMs = 60_000

/** What the file said when it was last read. */
interface Loaded {
  readonly users: ReadonlyMap<string, User>
  readonly check: PasswordCheck
  /** Whether a check is dear enough for its success to be remembered. */
  readonly isDear: boolean
}

function createFileUserStore(config: FileUserStoreConfig, services: Services, path: string): UserProvider {
  let loaded = load(config, services, path)
  const reload = (): void => {
    try {
      loaded = load(config, services, path)
      services.log.info({ path, users: loaded.users.size }, 'the users were read again')
    } catch (error) {
      services.log.error({ path, error }, 'the changed users cannot be used; those known stay')
    }
  }
  const stopWatching =
    config.users === undefined ? watchFile(config.path ?? userFileDefault, reload) : () => undefined
  return basicLogin(
    {
      get rememberMs() {
        return loaded.isDear ? successMaxAgeMs : 0
      },
      version: (username) => toVersion(loaded.users.get(username)),
      check(username, password) {
        const user = loaded.users.get(username)
        return chain(loaded.check(user, password), (checked) => {
          if (!checked.ok) return checked
          return user === undefined || !checked.value ? wrongLogin : ok({ username, scopes: user.scopes })
        })
      },
      find(username) {
        const user = loaded.users.get(username)
        return user === undefined ? noUser : ok({ username, scopes: user.scopes })
      },
      close: () => Promise.resolve(stopWatching()),
    },
    config,
    services,
  )
}

function load(config: FileUserStoreConfig, services: Services, path: string): Loaded {
  const opener = config.secret === undefined ? undefined : createOpener(config.secret)
  const users = loadUsers(config, path, opener)
  opener?.all().catch((error: unknown) => services.log.error({ path, error }, 'a password cannot be opened'))
  const decoys = collectDecoys(
    users.values().map(({ hash }) => hash),
    services,
    path,
  )
  return { users, check: createPasswordCheck(decoys, services), isDear: decoys.size > 0 }
}

function toVersion(user: User | undefined): string {
  return user === undefined ? '' : JSON.stringify([user.stored.reveal(), user.scopes])
}
