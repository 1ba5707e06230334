import { ConfigError, Secret, chain, ok, refuse } from 'barre/core'
import { fileUserStore, ldapUserStore } from 'barre/listener'
import type { Awaitable, Call, Principal, Result, Services } from 'barre/core'
import type { UserProvider } from 'barre/listener'
import type { UsersConfig } from './config.ts'

/** A user whose password was right. */
export interface User {
  readonly id: string
  readonly scopes: ReadonlySet<string>
}

/** Whose passwords this service checks; wrong ones slow down who sends them. */
export interface Users {
  login(username: string, password: string, address: string | undefined): Awaitable<Result<User>>
  /** A user who logged in before, as they are now; `invalid`: removed or disabled since. */
  find(id: string): Awaitable<Result<User>>
  ready(): boolean
  close(): Promise<void>
}

/** Opens the user store of a configuration. Throws ConfigError naming the field below `path`. */
export function openUsers(config: UsersConfig, services: Services, path: string): Users {
  const provider = toProvider(config, services, path)
  return {
    login(username, password, address) {
      // As the Basic scheme has it: a store is asked for nothing that could not be sent that way.
      if (username === '' || password === '' || /[:\p{Cc}]/u.test(username) || /\p{Cc}/u.test(password)) {
        return refuse('invalid', 'the user name or the password cannot be one')
      }
      const outcome = provider.verify({ username, password: new Secret(password) }, toCall(address))
      return chain(outcome, (result) => (result.ok ? ok(toUser(result.value.principal)) : result))
    },
    find: (id) => chain(provider.find(id), (result) => (result.ok ? ok(toUser(result.value)) : result)),
    ready: () => provider.ready?.() ?? true,
    close: async () => provider.close?.(),
  }
}

function toUser({ id, scopes }: Principal): User {
  return { id, scopes }
}

function toProvider(config: UsersConfig, services: Services, path: string): UserProvider {
  const { fileUserStoreConfig, ldapUserStoreConfig } = config
  if (fileUserStoreConfig !== undefined && ldapUserStoreConfig === undefined) {
    return fileUserStore(fileUserStoreConfig, services)
  }
  if (ldapUserStoreConfig !== undefined && fileUserStoreConfig === undefined) {
    return ldapUserStore(ldapUserStoreConfig, services)
  }
  throw new ConfigError(path, 'expected fileUserStoreConfig or ldapUserStoreConfig')
}

function toCall(address: string | undefined): Call {
  return {
    method: 'POST',
    target: '',
    signal: new AbortController().signal,
    peer: { encrypted: true, ...(address !== undefined && { address }) },
    metadata: () => [],
  }
}
