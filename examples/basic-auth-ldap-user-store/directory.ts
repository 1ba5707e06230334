// A directory for the two examples, which runs as long as they do: OpenLDAP, with the users below.
import type { LdapUserStoreConfig } from 'barre/listener'
import { openLdap } from '../../tools/servers/index.ts'

const suffix = 'dc=avix,dc=lk'

const entries = `
dn: ou=Users,${suffix}
objectClass: organizationalUnit

dn: ou=Groups,${suffix}
objectClass: organizationalUnit

dn: uid=alice,ou=Users,${suffix}
objectClass: inetOrgPerson
cn: Alice Parker
sn: Parker
userPassword: alice@123

dn: uid=bob,ou=Users,${suffix}
objectClass: inetOrgPerson
cn: Bob Peter
sn: Peter
userPassword: bob@123

dn: cn=admin,ou=Groups,${suffix}
objectClass: groupOfNames
member: uid=alice,ou=Users,${suffix}
`

/** Starts the directory; the configuration is the specification's own sample, with the port that was free. */
export async function startDirectory(): Promise<{ config: LdapUserStoreConfig; stop(): Promise<void> }> {
  const server = await openLdap.start({ suffix, entries })
  const config: LdapUserStoreConfig = {
    domainName: 'avix.lk',
    connectionUrl: `ldap://localhost:${server.ports.ldap}`,
    connectionName: server.adminName,
    connectionPassword: server.adminPassword,
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
    userRolesCacheEnabled: true,
    connectionPoolingEnabled: false,
    connectionTimeout: 5,
    readTimeout: 60,
  }
  return { config, stop: () => server.stop() }
}
