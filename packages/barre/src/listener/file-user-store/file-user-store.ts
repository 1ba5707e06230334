import { chain, ok, refuse, toPrincipal } from '../../core/index.ts'
import type {
  Authenticated,
  Awaitable,
  Principal,
  Provider,
  ProviderKind,
  Result,
  Services,
} from '../../core/index.ts'
import { fileUserStoreShape } from './config.ts'
import type { FileUserStoreConfig } from './config.ts'
import { createPasswordCheck } from './password-check.ts'
import { loadUsers } from './users.ts'
import type { User } from './users.ts'
import { readBasic } from './basic-credential.ts'
import type { BasicCredential } from './basic-credential.ts'

/** `{ fileUserStoreConfig: {...} }` */
export const fileUserStoreKind: ProviderKind<'fileUserStoreConfig', FileUserStoreConfig> = {
  key: 'fileUserStoreConfig',
  shape: fileUserStoreShape,
  create: createFileUserStore,
}

function createFileUserStore(
  config: FileUserStoreConfig,
  services: Services,
  path: string,
): Provider<BasicCredential> {
  const users = loadUsers(config, path)
  const check = createPasswordCheck(users.values(), services, path)
  const challenge = `Basic realm="${config.realm ?? 'barre'}", charset="UTF-8"`
  const admit = (user: User): Result<Authenticated> =>
    ok({ principal: toUserPrincipal(user, config.maxSessionSeconds, services.now()) })

  return {
    schemes: ['Basic'],
    read: readBasic,
    verify({ username, password }): Awaitable<Result<Authenticated>> {
      const user = users.get(username)
      return chain(check(user, username, password.reveal()), (checked) => {
        if (!checked.ok) return checked
        if (user === undefined || !checked.value) return refuse('invalid', 'unknown user or wrong password')
        return admit(user)
      })
    },
    // A caller in the store who lacks a scope cannot mend it by logging in again.
    challenges: (denial) => (denial.code === 'insufficient_scope' ? [] : [challenge]),
  }
}

function toUserPrincipal(user: User, maxSessionSeconds: number | undefined, nowMs: number): Principal {
  return toPrincipal({
    id: user.username,
    username: user.username,
    scheme: 'Basic',
    scopes: user.scopes,
    ...(maxSessionSeconds !== undefined && {
      expiresAtSeconds: Math.floor(nowMs / 1000) + maxSessionSeconds,
    }),
  })
}
