import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { test } from 'node:test'
import type { AddressInfo, Socket } from 'node:net'
import {
  allowInsecureEndpoint,
  ConfigError,
  createRevocations,
  createSharedInstances,
  Secret,
  systemClock,
} from '../../core/index.ts'
import type { Call, Provider, Services } from '../../core/index.ts'
import { createTestCa } from '../../../../../tools/test-ca.ts'
import { connectionsMax, waitingMax } from './connection-pool.ts'
import { answerMaxBytes } from './connection.ts'
import { ldapUserStoreKind } from './ldap-user-store.ts'
import { serversMax } from './servers.ts'

const services: Services = {
  now: systemClock,
  random: randomBytes,
  fetchFor: () => fetch,
  credentialSource: () => ({ credential: () => ({ ok: false, denial: { code: 'missing', detail: '' } }) }),
  log: { debug() {}, info() {}, warn() {}, error() {} },
  revocations: createRevocations(),
  shared: createSharedInstances(),
}

const valid = {
  domainName: 'example.com',
  connectionUrl: 'ldap://127.0.0.1:9',
  connectionName: 'cn=admin,dc=example,dc=com',
  connectionPassword: 'avix123',
  userSearchBase: 'ou=Users,dc=example,dc=com',
  userEntryObjectClass: 'inetOrgPerson',
  userNameAttribute: 'uid',
  userNameSearchFilter: '(uid=?)',
  userNameListFilter: '(objectClass=*)',
  groupSearchBase: ['ou=Groups,dc=example,dc=com'],
  groupEntryObjectClass: 'groupOfNames',
  groupNameAttribute: 'cn',
  groupNameSearchFilter: '(cn=?)',
  groupNameListFilter: '(objectClass=*)',
  membershipAttribute: 'member',
  loginThrottle: false,
}

function create(more: object): Provider {
  return ldapUserStoreKind.create(
    ldapUserStoreKind.shape.check({ ...valid, ...more }, 'store'),
    services,
    'store',
  )
}

/** A server that says what `answer` does to each connection. */
async function withServer(
  answer: (socket: Socket) => void,
  job: (url: string) => Promise<void>,
): Promise<void> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined))
    answer(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await job(`ldap://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
}

const call: Call = {
  method: 'GET',
  target: '/',
  signal: AbortSignal.abort(),
  peer: { encrypted: true },
  metadata: () => [],
}

async function log(provider: Provider): Promise<string> {
  const result = await provider.verify({ username: 'alice', password: new Secret('xxx') }, call)
  return result.ok ? 'ok' : `${result.denial.code}: ${result.denial.detail}`
}

// A search result entry that never ends: its length says 2 GiB.
const endless = Buffer.concat([Buffer.from('30847fffffff', 'hex'), Buffer.alloc(65_536)])

const broken: readonly (readonly [string, (socket: Socket) => void, RegExp, readTimeout?: number])[] = [
  ['says nothing', () => undefined, /^unavailable: .*timed out/, 0.2],
  ['hangs up', (socket) => socket.destroy(), /^unavailable: /],
  ['hangs up at the first word', (socket) => socket.once('data', () => socket.end()), /^unavailable: /],
  [
    'speaks another protocol',
    (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    /^unavailable: /,
  ],
  [
    `answers with more than ${answerMaxBytes} bytes`,
    (socket) => {
      const pour = (): void => void (socket.writable && socket.write(endless, pour))
      socket.once('data', pour)
    },
    /^unavailable: .*closed the connection/,
  ],
]
for (const [name, answer, expected, readTimeout = 30] of broken) {
  for (const startTls of [false, true]) {
    test(`a directory that ${name} is unavailable${startTls ? ', over StartTLS too' : ''}`, async () => {
      await withServer(answer, async (connectionUrl) => {
        const provider = create({ connectionUrl, startTls, readTimeout, connectionTimeout: 0.2 })
        assert.match(await log(provider), startTls ? /^unavailable: / : expected)
        await provider.close?.()
      })
    })
  }
}

test('as many logins wait for a slow directory as the limit, and no more', async () => {
  await withServer(
    () => undefined,
    async (connectionUrl) => {
      const provider = create({ connectionUrl, readTimeout: 0.2 })
      const others = Array.from({ length: connectionsMax + waitingMax + 1 }, async (_, index) => {
        const credential = { username: `u${index}`, password: new Secret('xxx') }
        const result = await provider.verify(credential, call)
        return result.ok ? 'ok' : [result.denial.code, result.denial.retryAfterSeconds].join(' ').trim()
      })
      // The last one is answered at once.
      assert.equal(await others.at(-1), 'throttled 1')
      await provider.close?.()
      const outcomes = await Promise.all(others)
      assert.equal(outcomes.filter((outcome) => outcome === 'throttled 1').length, 1)
    },
  )
})

const ca = await createTestCa()
const tls = { connectionUrl: 'ldaps://127.0.0.1', secureSocket: { cert: ca.caFile } }
test.after(() => ca.remove())

const refused: readonly (readonly [string, object, string])[] = [
  [
    'clear text off loopback',
    { connectionUrl: 'ldap://ldap.example.com' },
    '.connectionUrl: ldap:// is accepted only to loopback; use ldaps://, startTls: true, or',
  ],
  [
    'clear text in a list',
    { connectionUrl: ['ldaps://a', 'ldap://b'] },
    '.connectionUrl: ldap:// is accepted only',
  ],
  [
    'clear text after a space',
    { connectionUrl: 'ldaps://a ldap://b' },
    '.connectionUrl: ldap:// is accepted only',
  ],
  ['another protocol', { connectionUrl: 'http://localhost' }, '.connectionUrl: expected ldaps://host:port'],
  [
    'a search base in the URL',
    { connectionUrl: 'ldap://localhost/dc=x' },
    '.connectionUrl: expected ldaps://host:port',
  ],
  [
    'a user in the URL',
    { connectionUrl: 'ldap://a:b@localhost' },
    '.connectionUrl: expected ldaps://host:port',
  ],
  ['no host', { connectionUrl: 'ldap://' }, '.connectionUrl: expected ldaps://host:port'],
  [
    'too many servers',
    { connectionUrl: Array.from({ length: serversMax + 1 }, () => 'ldaps://a') },
    '.connectionUrl: expected at most 16 servers',
  ],
  [
    'StartTLS on top of TLS',
    { ...tls, startTls: true },
    '.connectionUrl: ldaps:// is encrypted from the start',
  ],
  [
    'secureSocket without TLS',
    { secureSocket: { cert: ca.caFile } },
    '.secureSocket: no server is reached over TLS',
  ],
  [
    'a trust store that is not there',
    { ...tls, secureSocket: { cert: 'none.pem' } },
    '.secureSocket.cert: cannot read none.pem (ENOENT)',
  ],
  [
    'no validation',
    { ...tls, secureSocket: { enable: false } },
    '.secureSocket.enable: false accepts any server',
  ],
  [
    'a field of other wires',
    { ...tls, secureSocket: { shareSession: true } },
    '.secureSocket.shareSession: not used here',
  ],
  [
    'a connectionName that is none',
    { connectionName: 'admin' },
    '.connectionName: expected a distinguished name',
  ],
  [
    'a user base that is none',
    { userSearchBase: 'ou=a,dc=x#Users' },
    '.userSearchBase: expected a distinguished name',
  ],
  [
    'a group base that is none',
    { groupSearchBase: ['dc=x', 'Groups'] },
    '.groupSearchBase[1]: expected a distinguished name',
  ],
  [
    'a user filter without a place',
    { userNameSearchFilter: '(uid=alice)' },
    ".userNameSearchFilter: expected '?'",
  ],
  ['a broken filter', { userNameListFilter: '(uid' }, '.userNameListFilter: expected a filter (RFC 4515)'],
  [
    'a group filter without a place',
    { groupNameSearchFilter: '(cn=x)' },
    ".groupNameSearchFilter: expected '?'",
  ],
  [
    'a broken group filter',
    { groupNameListFilter: '(&' },
    '.groupNameListFilter: expected a filter (RFC 4515)',
  ],
  [
    'groups of groups in memberUid',
    { membershipAttribute: 'memberUid', nestedGroups: true },
    '.nestedGroups: memberUid holds users only',
  ],
  ['a field of Ballerina 0.991', { retryAttempts: 3 }, '.retryAttempts: unknown field'],
  ['an insecure option as data', { allowInsecureEndpoint: true }, '.allowInsecureEndpoint: unknown field'],
]
for (const [name, more, problem] of refused) {
  test(`refuses ${name} at start`, () => {
    assert.throws(
      () => create(more),
      (error) => error instanceof ConfigError && error.message.startsWith(`store${problem}`),
    )
  })
}

for (const [name, more] of [
  ['IPv6 loopback', { connectionUrl: 'ldap://[::1]:389' }],
  [
    'clear text that the program asks for',
    { connectionUrl: 'ldap://ldap.example.com', [allowInsecureEndpoint]: true },
  ],
  ['StartTLS anywhere', { connectionUrl: 'ldap://ldap.example.com', startTls: true }],
  ['as many servers as the limit', { connectionUrl: Array.from({ length: serversMax }, () => 'ldaps://a') }],
] as const) {
  test(`starts with ${name}`, () => void create(more))
}
