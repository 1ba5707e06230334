import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after } from 'node:test'
import { openLdap, serverTest } from '../../../../../tools/servers/index.ts'
import type { OpenLdapConfig } from '../../../../../tools/servers/index.ts'
import { createTestCa } from '../../../../../tools/test-ca.ts'
import { config, directory, log, outcome, using } from './test/directory.ts'
import type { LdapUserStoreConfig } from './config.ts'

const ca = await createTestCa()
const otherCa = await createTestCa()
const elsewhere = await ca.issue('elsewhere', { dnsNames: ['directory.internal'] })
after(() => Promise.all([ca.remove(), otherCa.remove()]))

const encrypted: OpenLdapConfig = { ...directory, tls: { ...ca.server, caFile: ca.caFile } }

serverTest('speaks TLS as it is told, and only with whom it trusts', openLdap, encrypted, async (server) => {
  const ldap = `ldap://127.0.0.1:${server.ports.ldap}`
  const ldaps = `ldaps://127.0.0.1:${server.ports.ldaps}`
  const trusted = { cert: ca.caFile }
  const cases: readonly (readonly [string, Partial<LdapUserStoreConfig>, string])[] = [
    ['ldaps', { connectionUrl: ldaps, secureSocket: trusted }, 'example.com:alice admin'],
    ['StartTLS', { connectionUrl: ldap, startTls: true, secureSocket: trusted }, 'example.com:alice admin'],
    [
      'ldaps by name',
      { connectionUrl: ldaps.replace('127.0.0.1', 'localhost'), secureSocket: trusted },
      'example.com:alice admin',
    ],
    [
      'ldaps, client certificate',
      { connectionUrl: ldaps, secureSocket: { ...trusted, key: ca.client } },
      'example.com:alice admin',
    ],
    ['ldaps, another CA', { connectionUrl: ldaps, secureSocket: { cert: otherCa.caFile } }, 'unavailable'],
    ['ldaps, the system CAs', { connectionUrl: ldaps }, 'unavailable'],
    [
      'StartTLS, another CA',
      { connectionUrl: ldap, startTls: true, secureSocket: { cert: otherCa.caFile } },
      'unavailable',
    ],
    [
      'ldaps to the plain port',
      { connectionUrl: ldap.replace('ldap:', 'ldaps:'), secureSocket: trusted },
      'unavailable',
    ],
    [
      'StartTLS to the TLS port',
      {
        connectionUrl: ldaps.replace('ldaps:', 'ldap:'),
        startTls: true,
        secureSocket: trusted,
        connectionTimeout: 0.5,
      },
      'unavailable',
    ],
  ]
  for (const [name, more, expected] of cases) {
    const found = await using(config(server, more), (provider) => log(provider, 'alice', 'alice@123'))
    assert.equal(outcome(found), expected, name)
  }
})

serverTest(
  'refuses a directory of another name',
  openLdap,
  { ...encrypted, tls: { ...elsewhere, caFile: ca.caFile } },
  async (server) => {
    const more = { secureSocket: { cert: ca.caFile } }
    for (const [name, extra, expected] of [
      ['ldaps', { connectionUrl: `ldaps://127.0.0.1:${server.ports.ldaps}` }, 'unavailable'],
      ['StartTLS', { startTls: true }, 'unavailable'],
      [
        'unless the check is off',
        { startTls: true, secureSocket: { cert: ca.caFile, verifyHostName: false } },
        'example.com:alice admin',
      ],
      [
        'unless it is asked for',
        { startTls: true, secureSocket: { cert: ca.caFile, serverName: 'directory.internal' } },
        'example.com:alice admin',
      ],
    ] as const) {
      const found = await using(config(server, { ...more, ...extra }), (provider) =>
        log(provider, 'alice', 'alice@123'),
      )
      assert.equal(outcome(found), expected, name)
    }
  },
)

serverTest(
  'a directory without TLS is not spoken to in clear text where StartTLS is asked for',
  openLdap,
  directory,
  async (server) => {
    const found = await using(config(server, { startTls: true }), (provider) =>
      log(provider, 'alice', 'alice@123'),
    )
    assert.equal(outcome(found), 'unavailable')
  },
)

for (const startTls of [false, true]) {
  const name = startTls ? 'over StartTLS' : 'in clear text'
  serverTest(
    `a directory that dies is unavailable, never a wrong password, and one that comes back serves again ${name}`,
    openLdap,
    encrypted,
    async (server) => {
      const more = startTls ? { startTls, secureSocket: { cert: ca.caFile } } : {}
      await using(config(server, more), async (provider) => {
        const both = async (): Promise<readonly string[]> => [
          outcome(await log(provider, 'alice', 'alice@123')),
          outcome(await log(provider, 'alice', 'wrong')),
        ]
        assert.deepEqual(await both(), ['example.com:alice admin', 'invalid'])
        assert.equal(provider.ready?.(), true)
        await server.kill()
        assert.deepEqual(await both(), ['unavailable', 'unavailable'])
        assert.equal(provider.ready?.(), false)
        await server.restart()
        assert.deepEqual(await both(), ['example.com:alice admin', 'invalid'])
        assert.equal(provider.ready?.(), true)
      })
    },
  )

  serverTest(
    `a connection that the directory closed as idle costs nobody a login ${name}`,
    openLdap,
    { ...encrypted, idleTimeoutSeconds: 1 },
    async (server) => {
      const more = startTls ? { startTls, secureSocket: { cert: ca.caFile } } : {}
      await using(config(server, more), async (provider) => {
        assert.equal(outcome(await log(provider, 'alice', 'alice@123')), 'example.com:alice admin')
        // One of ours that was opened later is closed later.
        const { promise, resolve } = Promise.withResolvers<void>()
        connect(server.ports.ldap, '127.0.0.1')
          .resume()
          .once('close', () => resolve())
        await promise
        assert.equal(outcome(await log(provider, 'alice', 'alice@123')), 'example.com:alice admin')
      })
    },
  )
}

serverTest('the next server is asked when one is down', openLdap, directory, async (server) => {
  const up = `ldap://127.0.0.1:${server.ports.ldap}`
  // Nothing listens on the discard port of loopback.
  const down = 'ldap://127.0.0.1:9'
  for (const connectionUrl of [`${down} ${up}`, [down, up], [up, down]]) {
    await using(config(server, { connectionUrl }), async (provider) => {
      assert.equal(outcome(await log(provider, 'alice', 'alice@123')), 'example.com:alice admin')
      assert.equal(outcome(await log(provider, 'alice', 'wrong')), 'invalid')
    })
  }
})

serverTest(
  'many logins at once share the pool, and each gets its own answer',
  openLdap,
  encrypted,
  async (server) => {
    await using(config(server), async (provider) => {
      const logins = Array.from({ length: 200 }, async (_, index) =>
        outcome(
          await log(provider, index % 2 === 0 ? 'alice' : 'bob', index % 4 < 2 ? 'alice@123' : 'bob@123'),
        ),
      )
      const expected = ['example.com:alice admin', 'invalid', 'invalid', 'example.com:bob staff']
      assert.deepEqual(
        await Promise.all(logins),
        Array.from({ length: 200 }, (_, index) => expected[index % 4]),
      )
    })
  },
)
