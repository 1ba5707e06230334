// Why: a directory with as many users as a measurement asks for.
import type { LdapUserStoreConfig } from '../../packages/barre/src/listener/index.ts'
import { openLdap } from '../servers/index.ts'
import type { RunningOpenLdap } from '../servers/index.ts'

const suffix = 'dc=example,dc=com'

export interface Directory {
  readonly config: LdapUserStoreConfig
  readonly server: RunningOpenLdap
  stop(): Promise<void>
}

/** Users `user0`, `user1`, ... whose passwords are their names with `-right`, each in the group `staff`. */
export async function startDirectory(users: number): Promise<Directory> {
  const names = Array.from({ length: users }, (_, index) => `user${index}`)
  const units = ['Users', 'Groups'].map((name) => [`ou=${name}`, 'objectClass: organizationalUnit'])
  const people = names.map((name) => [
    `uid=${name},ou=Users`,
    'objectClass: inetOrgPerson',
    `cn: ${name}`,
    `sn: ${name}`,
    `userPassword: ${name}-right`,
  ])
  const members = names.map((name) => `member: uid=${name},ou=Users,${suffix}`)
  const groups = [['cn=staff,ou=Groups', 'objectClass: groupOfNames', ...members]]
  const entries = [...units, ...people, ...groups]
    .map(([name, ...lines]) => [`dn: ${name},${suffix}`, ...lines, ''].join('\n'))
    .join('\n')
  const server = await openLdap.start({ suffix, entries })
  return { config: toConfig(server), server, stop: () => server.stop() }
}

function toConfig({ ports, adminName, adminPassword }: RunningOpenLdap): LdapUserStoreConfig {
  return {
    domainName: 'example.com',
    connectionUrl: `ldap://127.0.0.1:${ports.ldap}`,
    connectionName: adminName,
    connectionPassword: adminPassword,
    userSearchBase: `ou=Users,${suffix}`,
    userEntryObjectClass: 'inetOrgPerson',
    userNameAttribute: 'uid',
    userNameSearchFilter: '(uid=?)',
    userNameListFilter: '(objectClass=inetOrgPerson)',
    groupSearchBase: [`ou=Groups,${suffix}`],
    groupEntryObjectClass: 'groupOfNames',
    groupNameAttribute: 'cn',
    groupNameSearchFilter: '(cn=?)',
    groupNameListFilter: '(objectClass=groupOfNames)',
    membershipAttribute: 'member',
    loginThrottle: false,
  }
}
