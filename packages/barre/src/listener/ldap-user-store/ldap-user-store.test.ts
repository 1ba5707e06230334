import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decisions, guard, Secret } from '../../core/index.ts'
import type { DecisionEvent } from '../../core/index.ts'
import { openLdap, serverTest } from '../../../../../tools/servers/index.ts'
import type { RunningOpenLdap } from '../../../../../tools/servers/index.ts'
import { sharedTest } from '../../../../../tools/shared.ts'
import {
  call,
  clock,
  config,
  create,
  directory,
  log,
  oddName,
  of,
  outcome,
  suffix,
  using,
} from './test/directory.ts'
import type { LdapUserStoreConfig } from './config.ts'

serverTest(
  'lets in whose password is right, with their groups as scopes, and nobody else',
  openLdap,
  directory,
  async (server) => {
    await using(config(server), async (provider) => {
      const attempts: readonly (readonly [string, string, string])[] = [
        ['alice', 'alice@123', 'example.com:alice admin'],
        ['bob', 'bob@123', 'example.com:bob staff'],
        ['ALICE', 'alice@123', 'example.com:alice admin'],
        ['alice', 'bob@123', 'invalid'],
        ['alice', 'ALICE@123', 'invalid'],
        ['nobody', 'alice@123', 'invalid'],
        ['carol', 'carol@123', 'invalid'],
        ['printer', 'printer@123', 'invalid'],
        ['admin', 'avix123', 'invalid'],
      ]
      for (const [username, password, expected] of attempts) {
        assert.equal(outcome(await log(provider, username, password)), expected, `${username}:${password}`)
      }
    })
  },
)

serverTest(
  'knows who is still a user: not who was removed, or is disabled',
  openLdap,
  { ...directory, more: ['overlay ppolicy'] },
  async (server) => {
    await using(config(server), async (provider) => {
      const find = async (id: string): Promise<string> => {
        const found = await provider.find(id)
        return found.ok ? [found.value.id, ...found.value.scopes].join(' ') : found.denial.code
      }
      assert.equal(await find('example.com:alice'), 'example.com:alice admin')
      for (const id of [
        'alice',
        'example.com:ALICE',
        'example.com:nobody',
        'example.com:*',
        'other.com:alice',
      ]) {
        assert.equal(await find(id), 'invalid', id)
      }
      const locked = 'changetype: modify\nadd: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z\n'
      server.change(`dn: ${of('alice')}\n${locked}`)
      assert.equal(await find('example.com:alice'), 'invalid', 'disabled')
      assert.equal(await find('example.com:bob'), 'example.com:bob staff')
      server.change(`dn: ${of('bob')}\nchangetype: delete\n`)
      assert.equal(await find('example.com:bob'), 'invalid', 'removed')
      await server.kill()
      assert.equal(await find('example.com:bob'), 'unavailable')
    })
  },
)

serverTest(
  'no user name is more than a name: filters and names are not built from text',
  openLdap,
  directory,
  async (server) => {
    await using(config(server), async (provider) => {
      assert.equal(outcome(await log(provider, oddName, 'star@123')), `example.com:${oddName}`)
      for (const username of [
        '*',
        'a*',
        'alice)(uid=*',
        'alice)(|(uid=*)',
        '*)(objectClass=*',
        'alice\\',
        '\\2a',
        'alice\\00',
        of('alice'),
        'alice,ou=Users',
        '?',
        'al?ce',
        '(',
        ')',
        '&',
        '\uE000',
      ]) {
        assert.equal(outcome(await log(provider, username, 'alice@123')), 'invalid', username)
      }
    })
  },
)

const userFields: readonly (readonly [string, Partial<LdapUserStoreConfig>, string, string])[] = [
  [
    'several bases',
    { userSearchBase: `ou=Others,${suffix}#ou=Users,${suffix}` },
    'carol:carol@123',
    'example.com:carol',
  ],
  ['another class', { userEntryObjectClass: 'device' }, 'alice:alice@123', 'invalid'],
  ['another list filter', { userNameListFilter: '(uid=bob)' }, 'alice:alice@123', 'invalid'],
  ['two hits', { userNameSearchFilter: '(mail=?)' }, 'same@example.com:alice@123', 'invalid'],
  [
    'another filter',
    { userNameSearchFilter: '(|(cn=?)(uid=?))' },
    'alice:alice@123',
    'example.com:alice admin',
  ],
  ['another domain', { domainName: 'other' }, 'alice:alice@123', 'other:alice admin'],
  ['no pool', { connectionPoolingEnabled: false }, 'alice:alice@123', 'example.com:alice admin'],
  ['a base that is not there', { userSearchBase: `ou=None,${suffix}` }, 'alice:alice@123', 'unavailable'],
  ['a wrong connectionPassword', { connectionPassword: 'wrong' }, 'alice:alice@123', 'unavailable'],
  ['a Secret', { connectionPassword: new Secret('avix123') }, 'alice:alice@123', 'example.com:alice admin'],
]
serverTest('finds users as the configuration says', openLdap, directory, async (server) => {
  for (const [name, more, userPass, expected] of userFields) {
    const [username = '', password = ''] = userPass.split(':')
    const found = await using(config(server, more), (provider) => log(provider, username, password))
    assert.equal(outcome(found), expected, name)
  }
})

serverTest(
  'a right password is remembered only where that is asked for',
  openLdap,
  directory,
  async (server) => {
    const change = (password: string): void =>
      server.change(
        `dn: ${of('alice')}\nchangetype: modify\nreplace: userPassword\nuserPassword: ${password}\n`,
      )
    await using(config(server, { loginCacheSeconds: 10 }), (remembering) =>
      using(config(server), async (asking) => {
        assert.equal(outcome(await log(remembering, 'alice', 'alice@123')), 'example.com:alice admin')
        assert.equal(outcome(await log(asking, 'alice', 'alice@123')), 'example.com:alice admin')
        change('new')
        assert.equal(outcome(await log(asking, 'alice', 'alice@123')), 'invalid')
        assert.equal(outcome(await log(remembering, 'alice', 'alice@123')), 'example.com:alice admin')
        clock.nowMs += 10_000
        assert.equal(outcome(await log(remembering, 'alice', 'alice@123')), 'invalid')
      }),
    )
  },
)

serverTest(
  'the challenge asks for a password, and the decision of each outcome is published',
  openLdap,
  directory,
  async (server) => {
    const seen: string[] = []
    const note = (message: unknown): void => {
      const { decision } = message as DecisionEvent
      seen.push(decision.ok ? 'ok' : decision.denial.code)
    }
    decisions.subscribe(note)
    try {
      await using(config(server, { realm: 'Orders' }), async (provider) => {
        const policy = { alternatives: [{ provider, entry: 'auth[0]' }], optional: false }
        for (const userPass of ['alice:alice@123', 'alice:wrong', 'nobody:x', 'alice:', 'alice']) {
          const metadata = (): readonly string[] => [`Basic ${btoa(userPass)}`]
          const decision = await guard(policy, { ...call, metadata })
          if (!decision.ok) assert.deepEqual(decision.challenges, ['Basic realm="Orders", charset="UTF-8"'])
        }
        await server.kill()
        await guard(policy, { ...call, metadata: () => [`Basic ${btoa('alice:alice@123')}`] })
      })
    } finally {
      decisions.unsubscribe(note)
    }
    assert.deepEqual(seen, ['ok', 'invalid', 'invalid', 'invalid', 'malformed', 'unavailable'])
  },
)

const article = [
  'ballerina',
  'module-ballerina-auth',
  'examples',
  'order-management-service',
  'active_directory',
  'users.ldif',
]
sharedTest("the original's order service: alice is a customer, bob is not", article, async (file) => {
  const server = await openLdap.start({ suffix: 'dc=avix,dc=lk', files: [file] })
  const original = {
    ...config(server),
    domainName: 'avix.lk',
    connectionName: 'cn=admin,dc=avix,dc=lk',
    userSearchBase: 'ou=Users,dc=avix,dc=lk',
    groupSearchBase: ['ou=Groups,dc=avix,dc=lk'],
    userRolesCacheEnabled: true,
    connectionPoolingEnabled: false,
    connectionTimeout: 5,
    readTimeout: 60,
  }
  try {
    await using(original, async (provider) => {
      assert.equal(outcome(await log(provider, 'alice', 'alice@123')), 'avix.lk:alice customer')
      assert.equal(outcome(await log(provider, 'bob', 'bob@123')), 'avix.lk:bob')
      assert.equal(
        outcome(await log(provider, 'ldclakmal', 'ldclakmal@123')),
        'avix.lk:ldclakmal admin customer',
      )
    })
  } finally {
    await server.stop()
  }
})

test('asks nobody while it is made', () => {
  create(config({ ports: { ldap: 9, ldaps: 9 } } as RunningOpenLdap))
})
