import { randomBytes } from 'node:crypto'
import { createRevocations, createSharedInstances, Secret, systemClock } from '../../../core/index.ts'
import type { Authenticated, Call, Provider, Result, Services } from '../../../core/index.ts'
import type { OpenLdapConfig, RunningOpenLdap } from '../../../../../../tools/servers/index.ts'
import type { UserProvider } from '../../basic-login.ts'
import { ldapUserStoreKind } from '../ldap-user-store.ts'
import type { LdapUserStoreConfig } from '../config.ts'

/** The tests' clock. */
export const clock = { nowMs: systemClock() }
export const services: Services = {
  now: () => clock.nowMs,
  random: randomBytes,
  fetchFor: () => fetch,
  credentialSource: () => ({ credential: () => ({ ok: false, denial: { code: 'missing', detail: '' } }) }),
  log: { debug() {}, info() {}, warn() {}, error() {} },
  revocations: createRevocations(),
  shared: createSharedInstances(),
}

/** Below which everything stands. */
export const suffix = 'dc=example,dc=com'
const entry = (name: string, ...lines: readonly string[]): string =>
  [`dn: ${name},${suffix}`, ...lines, '', ''].join('\n')
const person = (uid: string, password: string, ...more: readonly string[]): string => {
  const names = [`uid: ${uid}`, `cn: ${uid}`, `sn: ${uid}`]
  const rdn = `uid=${uid.replaceAll('\\', '\\\\').replaceAll(',', '\\,')}`
  return entry(
    `${rdn},ou=Users`,
    'objectClass: inetOrgPerson',
    ...names,
    `userPassword: ${password}`,
    ...more,
  )
}
const unit = (name: string): string => entry(`ou=${name}`, 'objectClass: organizationalUnit', `ou: ${name}`)
const group = (name: string, ...lines: readonly string[]): string =>
  entry(`cn=${name},ou=Groups`, `cn: ${name}`, ...lines)
/** The name of a user. */
export const of = (name: string): string => `uid=${name},ou=Users,${suffix}`

/** Every character that means something in a filter or a name. */
export const oddName = 'p*(x)\\,y'

export const entries: string = [
  unit('Users'),
  unit('Groups'),
  unit('Others'),
  person('alice', 'alice@123', 'mail: same@example.com'),
  person('bob', 'bob@123', 'mail: same@example.com'),
  person(oddName, 'star@123'),
  entry(
    'cn=printer,ou=Users',
    ...['device', 'uidObject', 'simpleSecurityObject'].map((name) => `objectClass: ${name}`),
    'cn: printer',
    'uid: printer',
    'userPassword: printer@123',
  ),
  entry(
    'uid=carol,ou=Others',
    'objectClass: inetOrgPerson',
    'uid: carol',
    'cn: carol',
    'sn: carol',
    'userPassword: carol@123',
  ),
  group('admin', 'objectClass: groupOfNames', `member: ${of('alice')}`),
  group('staff', 'objectClass: groupOfNames', `member: cn=admin,ou=Groups,${suffix}`, `member: ${of('bob')}`),
  group(
    'ring',
    'objectClass: groupOfNames',
    `member: cn=staff,ou=Groups,${suffix}`,
    `member: cn=ring,ou=Groups,${suffix}`,
  ),
  group('unique', 'objectClass: groupOfUniqueNames', `uniqueMember: ${of('alice')}`),
  group('posix', 'objectClass: posixGroup', 'gidNumber: 7', 'memberUid: alice'),
].join('')

/** Without TLS. */
export const directory: OpenLdapConfig = { suffix, entries }

export function config(
  { ports }: RunningOpenLdap,
  more: Partial<LdapUserStoreConfig> = {},
): LdapUserStoreConfig {
  return {
    domainName: 'example.com',
    connectionUrl: `ldap://127.0.0.1:${ports.ldap}`,
    connectionName: `cn=admin,${suffix}`,
    connectionPassword: 'avix123',
    userSearchBase: `ou=Users,${suffix}`,
    userEntryObjectClass: 'inetOrgPerson',
    userNameAttribute: 'uid',
    userNameSearchFilter: '(&(objectClass=inetOrgPerson)(uid=?))',
    userNameListFilter: '(objectClass=inetOrgPerson)',
    groupSearchBase: [`ou=Groups,${suffix}`],
    groupEntryObjectClass: 'groupOfNames',
    groupNameAttribute: 'cn',
    groupNameSearchFilter: '(&(objectClass=groupOfNames)(cn=?))',
    groupNameListFilter: '(objectClass=groupOfNames)',
    membershipAttribute: 'member',
    loginThrottle: false,
    ...more,
  }
}

export function create(value: unknown): UserProvider {
  return ldapUserStoreKind.create(ldapUserStoreKind.shape.check(value, 'store'), services, 'store')
}

export const call: Call = {
  method: 'GET',
  target: '/',
  signal: AbortSignal.abort(),
  peer: { encrypted: true, address: '192.0.2.1' },
  metadata: () => [],
}

export async function log(
  provider: Provider,
  username: string,
  password: string,
): Promise<Result<Authenticated>> {
  return provider.verify({ username, password: new Secret(password) }, call)
}

export function outcome(result: Result<Authenticated>): string {
  if (!result.ok) return result.denial.code
  const { id, scopes } = result.value.principal
  return [id, ...[...scopes].toSorted()].join(' ')
}

export async function using<T>(value: unknown, job: (provider: UserProvider) => Promise<T>): Promise<T> {
  const provider = create(value)
  try {
    return await job(provider)
  } finally {
    await provider.close?.()
  }
}
