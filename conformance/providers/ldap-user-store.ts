import { openLdap } from '../../tools/servers/index.ts'
import type { ListenerAuthConfig } from 'barre/auth'
import type { LdapUserStoreConfig } from 'barre/listener'
import type { Prepared, ProviderKit } from '../harness/kit.ts'
import { passwordCases } from './password-cases.ts'

const suffix = 'dc=example,dc=com'

/** Users of a real directory, over StartTLS; their groups are their scopes. */
export const ldapUserStore: ProviderKit = {
  folder: 'ldap-user-store',
  name: 'ldapUserStore',
  readsCertificate: false,
  needs: openLdap,
  async prepare(world): Promise<Prepared> {
    const { password, cases, never } = passwordCases()
    const tls = { ...world.serverFiles, caFile: world.authorityFile }
    const server = await openLdap.start({ suffix, entries: toEntries(password), tls })
    world.beforeClose(() => server.stop())
    const { adminName, adminPassword, ports } = server
    const entryFor = (port: number): ListenerAuthConfig => ({
      ldapUserStoreConfig: {
        ...directory,
        connectionUrl: `ldap://127.0.0.1:${port}`,
        connectionName: adminName,
        connectionPassword: adminPassword,
        secureSocket: { cert: world.authorityFile },
      },
    })
    return {
      entry: entryFor(ports.ldap),
      down: entryFor(Number(new URL(world.deadUrl).port)),
      principal: { id: 'example.com:alice', username: 'alice', scheme: 'Basic' },
      asksFor: ['basic'],
      never: { expired: never.expired },
      cases: [
        ...cases,
        {
          outcome: 'unavailable',
          presented: { authorization: [`Basic ${btoa(`alice:${password}`)}`] },
          resource: 'down',
          expect: 'unavailable',
        },
      ],
    }
  },
}

type Connection = 'connectionUrl' | 'connectionName' | 'connectionPassword'

const directory: Omit<LdapUserStoreConfig, Connection> = {
  domainName: 'example.com',
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
  startTls: true,
  // The matrix sends many wrong passwords on purpose.
  loginThrottle: false,
}

function toEntries(password: string): string {
  const units = ['Users', 'Groups'].map((name) => [
    `ou=${name}`,
    'objectClass: organizationalUnit',
    `ou: ${name}`,
  ])
  const users = ['alice', 'bob'].map((name) => [
    `uid=${name},ou=Users`,
    'objectClass: inetOrgPerson',
    ...['uid', 'cn', 'sn'].map((attribute) => `${attribute}: ${name}`),
    `userPassword: ${password}`,
  ])
  const groups = [
    ['orders', 'alice'],
    ['stock', 'bob'],
  ].map(([name, member]) => [
    `cn=${name},ou=Groups`,
    'objectClass: groupOfNames',
    `cn: ${name}`,
    `member: uid=${member},ou=Users,${suffix}`,
  ])
  return [...units, ...users, ...groups]
    .map(([name, ...lines]) => [`dn: ${name},${suffix}`, ...lines, ''].join('\n'))
    .join('\n')
}
