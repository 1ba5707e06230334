import assert from 'node:assert/strict'
import { openLdap, serverTest } from '../../../../../tools/servers/index.ts'
import { clock, config, directory, log, outcome, services, suffix, using } from './test/directory.ts'
import { rolesMaxAgeMs } from './ldap-user-store.ts'
import type { LdapUserStoreConfig } from './config.ts'

const memberships: readonly (readonly [string, Partial<LdapUserStoreConfig>, string])[] = [
  ['member', {}, 'admin'],
  ['member, nested', { nestedGroups: true }, 'admin ring staff'],
  ['memberOf', { membershipAttribute: 'memberOf' }, 'admin'],
  ['memberOf, nested', { membershipAttribute: 'memberOf', nestedGroups: true }, 'admin ring staff'],
  [
    'uniqueMember',
    {
      membershipAttribute: 'uniqueMember',
      groupEntryObjectClass: 'groupOfUniqueNames',
      groupNameListFilter: '(cn=*)',
      groupNameSearchFilter: '(cn=?)',
    },
    'unique',
  ],
  [
    'memberUid',
    {
      membershipAttribute: 'memberUid',
      groupEntryObjectClass: 'posixGroup',
      groupNameListFilter: '(cn=*)',
      groupNameSearchFilter: '(cn=?)',
    },
    'posix',
  ],
  ['another base', { groupSearchBase: [`ou=Others,${suffix}`] }, ''],
  [
    'another base, memberOf',
    { groupSearchBase: [`ou=Others,${suffix}`], membershipAttribute: 'memberOf' },
    '',
  ],
  ['another class', { groupEntryObjectClass: 'posixGroup' }, ''],
  ['another list filter', { groupNameListFilter: '(cn=staff)' }, ''],
  ['another search filter', { groupNameSearchFilter: '(cn=app-?)' }, ''],
  ['another name', { groupNameAttribute: 'objectClass' }, 'groupOfNames'],
]
serverTest('finds groups as the configuration says', openLdap, directory, async (server) => {
  for (const [name, more, scopes] of memberships) {
    const found = await using(config(server, more), (provider) => log(provider, 'alice', 'alice@123'))
    assert.equal(outcome(found), `example.com:alice ${scopes}`.trim(), name)
  }
})

serverTest(
  'groups are remembered for a minute where that is asked for, and forgotten at a revocation',
  openLdap,
  directory,
  async (server) => {
    const leave = (name: string): void =>
      server.change(`dn: cn=${name},ou=Groups,${suffix}\nchangetype: delete\n`)
    await using(config(server, { userRolesCacheEnabled: true }), async (provider) => {
      const login = async (): Promise<string> => outcome(await log(provider, 'alice', 'alice@123'))
      assert.equal(await login(), 'example.com:alice admin')
      leave('admin')
      clock.nowMs += rolesMaxAgeMs - 1
      assert.equal(await login(), 'example.com:alice admin')
      clock.nowMs += 1
      assert.equal(await login(), 'example.com:alice')
    })
    await using(config(server, { userRolesCacheEnabled: true }), async (provider) => {
      const login = async (): Promise<string> => outcome(await log(provider, 'bob', 'bob@123'))
      assert.equal(await login(), 'example.com:bob staff')
      leave('staff')
      services.revocations.revoke({ subject: 'bob' })
      assert.equal(await login(), 'example.com:bob')
    })
  },
)
