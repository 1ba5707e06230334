import { createRequire } from 'node:module'
import type * as Ldap from 'ldapts'
import { BoundedCache, ConfigError, ok, refuse } from '../../core/index.ts'
import type { ProviderKind, Result, Services } from '../../core/index.ts'
import { basicLogin, noUser, wrongLogin } from '../basic-login.ts'
import type { UserDetails, UserProvider } from '../basic-login.ts'
import { ldapUserStoreShape } from './config.ts'
import type { LdapUserStoreConfig } from './config.ts'
import { DirectoryBusy, DirectoryUnavailable, openDirectory } from './directory.ts'
import { isDisabled, statusAttributes } from './disabled.ts'
import type { Directory, DirectoryEntry } from './directory.ts'
import { checkName, toNameKey } from './distinguished-name.ts'
import { compileFilter } from './filter-template.ts'
import { createGroupFinder } from './groups.ts'
import { readServers, readTls } from './servers.ts'

/** `{ ldapUserStoreConfig: {...} }` */
export const ldapUserStoreKind: ProviderKind<'ldapUserStoreConfig', LdapUserStoreConfig, UserProvider> = {
  key: 'ldapUserStoreConfig',
  shape: ldapUserStoreShape,
  create: createLdapUserStore,
}

/** How many users' groups are remembered, and for how long, in milliseconds. */
export const rolesMax = 10_000
export const rolesMaxAgeMs = 60_000

function createLdapUserStore(config: LdapUserStoreConfig, services: Services, path: string): UserProvider {
  const ldap = loadLibrary(path)
  const findUser = createUserFinder(ldap, config, path)
  const findScopes = rememberRoles(createGroupFinder(ldap, config, path), config, services)
  const directory = openDirectory(readOptions(ldap, config, services, path), services)

  const prefix = `${config.domainName}:`

  const check = async (username: string, password: string): Promise<Result<UserDetails>> => {
    const user = await findUser(username, directory)
    // Somebody unknown is bound too: the time that a bind takes must not tell.
    const name = user?.name ?? nobody(ldap, config, services)
    const isRight = await directory.proves(name, password)
    if (user === undefined || !isRight) return wrongLogin
    const known = nameOf(user, config, username)
    if (known === undefined) return wrongLogin
    return ok({ id: prefix + known, username: known, scopes: await findScopes(user, directory) })
  }
  const find = async (id: string): Promise<Result<UserDetails>> => {
    const username = id.slice(prefix.length)
    const user = id.startsWith(prefix) ? await findUser(username, directory) : undefined
    if (user === undefined || isDisabled(user) || nameOf(user, config, username) !== username) return noUser
    return ok({ id, username, scopes: await findScopes(user, directory) })
  }
  return basicLogin(
    {
      rememberMs: (config.loginCacheSeconds ?? 0) * 1000,
      version: () => '',
      check: (username, password) => check(username, password).catch(toRefusal),
      find: (id) => find(id).catch(toRefusal),
      ready: () => directory.isReachable(),
      close: () => Promise.resolve(directory.close()),
    },
    config,
    services,
  )
}

// Loaded only by programs that have a directory; where it is not installed, the others do not miss it.
function loadLibrary(path: string): typeof Ldap {
  try {
    return createRequire(import.meta.url)('ldapts') as typeof Ldap
  } catch (cause) {
    throw new ConfigError(path, 'needs the package ldapts: npm install ldapts', { cause })
  }
}

function readOptions(ldap: typeof Ldap, config: LdapUserStoreConfig, services: Services, path: string) {
  const servers = readServers(config, path)
  return {
    servers,
    settings: {
      ldap,
      tls: readTls(config, servers, path, services),
      connectTimeoutMs: (config.connectionTimeout ?? 5) * 1000,
      readTimeoutMs: (config.readTimeout ?? 60) * 1000,
    },
    name: checkName(config.connectionName, `${path}.connectionName`),
    password: config.connectionPassword,
    keepsConnections: config.connectionPoolingEnabled ?? true,
  }
}

type UserFinder = (username: string, directory: Directory) => Promise<DirectoryEntry | undefined>

/** Finds the one entry of a user; two are as good as none, for nobody could tell which was meant. */
function createUserFinder(ldap: typeof Ldap, config: LdapUserStoreConfig, path: string): UserFinder {
  const bases = config.userSearchBase.split('#').map((base) => checkName(base, `${path}.userSearchBase`))
  for (const [index, base] of config.groupSearchBase.entries())
    checkName(base, `${path}.groupSearchBase[${index}]`)
  const template = compileFilter(ldap, config.userNameSearchFilter, `${path}.userNameSearchFilter`, {
    wantsPlace: true,
  })
  const listed = compileFilter(ldap, config.userNameListFilter, `${path}.userNameListFilter`, {
    wantsPlace: false,
  })
  const ofClass = new ldap.EqualityFilter({ attribute: 'objectClass', value: config.userEntryObjectClass })
  const isUser = new ldap.AndFilter({ filters: [ofClass, listed.fillAny()] })
  const attributes = [config.userNameAttribute, config.membershipAttribute, ...statusAttributes]
  return async (username, directory) => {
    const filter = new ldap.AndFilter({ filters: [isUser, template.fill(username)] })
    const found: DirectoryEntry[] = []
    for (const base of bases) {
      found.push(...(await directory.search({ base, scope: 'sub', filter, attributes, sizeLimit: 2 })))
    }
    return found.length === 1 ? found[0] : undefined
  }
}

/** The directory's spelling of the name: it may not tell `Alice` from `alice`, and whoever compares names would. */
function nameOf(
  user: DirectoryEntry,
  { userNameAttribute }: LdapUserStoreConfig,
  sent: string,
): string | undefined {
  const names = user.values(userNameAttribute)
  return names.find((name) => name.toLowerCase() === sent.toLowerCase()) ?? names[0]
}

/** A name under the users' base that nobody has. */
function nobody(ldap: typeof Ldap, config: LdapUserStoreConfig, services: Services): string {
  const value = Buffer.from(services.random(16)).toString('hex')
  const [base] = config.userSearchBase.split('#')
  return `${new ldap.DN({ [config.userNameAttribute]: value }).toString()},${base}`
}

function rememberRoles(
  find: ReturnType<typeof createGroupFinder>,
  config: LdapUserStoreConfig,
  services: Services,
): ReturnType<typeof createGroupFinder> {
  if (config.userRolesCacheEnabled !== true) return find
  const known = new BoundedCache<string, readonly string[]>({ maxEntries: rolesMax, maxBytes: rolesMax })
  services.revocations.subscribe(() => known.clear())
  return async (user, directory) => {
    const key = toNameKey(user.name)
    const remembered = known.get(key, services.now())
    if (remembered !== undefined) return remembered
    const scopes = await find(user, directory)
    known.set(key, scopes, { bytes: 1, expiresAtMs: services.now() + rolesMaxAgeMs })
    return scopes
  }
}

function toRefusal(error: unknown): Result<never> {
  if (error instanceof DirectoryUnavailable) return refuse('unavailable', `the directory: ${error.message}`)
  if (error instanceof DirectoryBusy) return refuse('throttled', error.message, { retryAfterSeconds: 1 })
  throw error
}
