import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allowPlainPasswords, guard, ok, Secret, toPrincipal } from '../core/index.ts'
import type { Call, Decision, Policy, Provider, Rules } from '../core/index.ts'
import { compileAuth } from './compile-auth.ts'
import type { AuthConfig } from './auth-config.ts'
import { createServices } from './services.ts'

const services = createServices({ now: () => 0 })
const users = [
  { username: 'alice', password: 'xxx', scopes: 'read, write' },
  { username: 'bob', password: 'yyy', scopes: ['read'] },
] as const
const store = { users, [allowPlainPasswords]: true } as const
const certificates = { anyFromCa: ['mesh'] } as const

function compile(auth: unknown): Rules {
  return compileAuth(auth as AuthConfig | undefined, services)
}

function toCall(user?: string): Call {
  const password = users.find(({ username }) => username === user)?.password ?? 'wrong'
  const authorization = user === undefined ? [] : [`Basic ${btoa(`${user}:${password}`)}`]
  return {
    method: 'GET',
    target: '/',
    signal: AbortSignal.abort(),
    peer: { encrypted: true },
    metadata: (name) => (name === 'authorization' ? authorization : []),
  }
}

async function answer(policy: Policy | undefined, user?: string): Promise<string> {
  if (policy === undefined) return 'open'
  const decision: Decision = await guard(policy, toCall(user))
  if (!decision.ok) return decision.denial.code
  return decision.principal?.id ?? 'anonymous'
}

const answers: readonly (readonly [string, unknown, unknown, readonly [string, string, string]])[] = [
  // [what, service, resource, [nobody, alice, bob]]
  ['nothing anywhere is open', undefined, undefined, ['open', 'open', 'open']],
  ['false is open', [{ fileUserStoreConfig: store }], false, ['open', 'open', 'open']],
  ['a service that says false is open', false, undefined, ['open', 'open', 'open']],
  [
    'a resource that says nothing gets the service',
    [{ fileUserStoreConfig: store }],
    undefined,
    ['missing', 'alice', 'bob'],
  ],
  [
    'one scope',
    [{ fileUserStoreConfig: store, scopes: 'write' }],
    undefined,
    ['missing', 'alice', 'insufficient_scope'],
  ],
  [
    'any of several scopes',
    [{ fileUserStoreConfig: store, scopes: ['x', 'read'] }],
    undefined,
    ['missing', 'alice', 'bob'],
  ],
  [
    'all of several scopes',
    [{ fileUserStoreConfig: store, scopes: { all: ['read', 'write'] } }],
    undefined,
    ['missing', 'alice', 'insufficient_scope'],
  ],
  [
    "a resource's scopes replace the service's",
    [{ fileUserStoreConfig: store, scopes: 'nobody' }],
    { scopes: 'read' },
    ['missing', 'alice', 'bob'],
  ],
  [
    'optional lets nobody in too, and keeps the scopes',
    [{ fileUserStoreConfig: store, scopes: 'write' }],
    { optional: true },
    ['anonymous', 'alice', 'insufficient_scope'],
  ],
  [
    'optional with scopes of its own',
    [{ fileUserStoreConfig: store, scopes: 'nobody' }],
    { optional: true, scopes: 'read' },
    ['anonymous', 'alice', 'bob'],
  ],
  [
    'optional: false changes nothing',
    [{ fileUserStoreConfig: store }],
    { optional: false },
    ['missing', 'alice', 'bob'],
  ],
  [
    "a list replaces the service's entries and their scopes",
    [{ fileUserStoreConfig: store, scopes: 'nobody' }],
    [{ fileUserStoreConfig: store, scopes: 'write' }],
    ['missing', 'alice', 'insufficient_scope'],
  ],
  ['a list needs no service', undefined, [{ fileUserStoreConfig: store }], ['missing', 'alice', 'bob']],
  [
    'a later entry lets in whom an earlier one lacks scopes for',
    [
      { fileUserStoreConfig: store, scopes: 'write' },
      { fileUserStoreConfig: store, scopes: 'read' },
    ],
    undefined,
    ['missing', 'alice', 'bob'],
  ],
  [
    'all needs every one, here a certificate too',
    [{ all: [{ fileUserStoreConfig: store }, { mutualTlsConfig: certificates }] }],
    undefined,
    ['missing', 'missing', 'missing'],
  ],
]
for (const [name, service, resource, [nobody, alice, bob]] of answers) {
  test(name, async () => {
    const policy = compile(service).policyFor(resource, 'route')
    assert.deepEqual(
      [await answer(policy), await answer(policy, 'alice'), await answer(policy, 'bob')],
      [nobody, alice, bob],
    )
  })
}

test('the empty path is the service itself', () => {
  assert.throws(
    () => compileAuth([{ fileUserStoreConfig: {}, scopes: [] }], services, 'services.orders.auth'),
    {
      path: 'services.orders.auth[0].fileUserStoreConfig.path',
    },
  )
})

/** A provider of the program's own, with what happened to it. */
function ownProvider(members: Partial<Provider> = {}): Provider & { closed: number } {
  return {
    closed: 0,
    schemes: ['Own'],
    read: () => ok('x'),
    verify: () => ok({ principal: toPrincipal({ id: 'own', username: 'own', scheme: 'Own' }) }),
    challenges: () => ['Own'],
    async close() {
      this.closed++
    },
    ...members,
  }
}

test("a provider of the program is an entry as any other, and stays the program's to close", async () => {
  const provider = ownProvider()
  const rules = compile([{ provider, scopes: 'a' }])
  assert.equal(await answer(rules.policyFor(undefined, '')), 'insufficient_scope')
  await rules.close()
  assert.equal(provider.closed, 0)
})

test('decision records name the entry, of the service or of the resource', () => {
  const rules = compile([{ mutualTlsConfig: certificates }, { provider: ownProvider() }])
  const own = rules.policyFor([{ provider: ownProvider() }], 'routes.list.auth')
  assert.deepEqual(
    rules.policyFor({ optional: true }, '')?.alternatives.map(({ entry }) => entry),
    ['auth[0]', 'auth[1]'],
  )
  assert.deepEqual(
    own?.alternatives.map(({ entry }) => entry),
    ['routes.list.auth[0]'],
  )
})

test('is ready when every provider is, those of resources included', () => {
  let ready = false
  const rules = compile([{ fileUserStoreConfig: store }])
  assert.equal(rules.ready(), true)
  rules.policyFor([{ provider: ownProvider({ ready: () => ready }) }], 'route')
  assert.equal(rules.ready(), false)
  ready = true
  assert.equal(rules.ready(), true)
})

test('needs the client certificate as soon as one entry reads it', () => {
  assert.equal(compile(undefined).needsClientCertificate, false)
  assert.equal(compile([{ mutualTlsConfig: certificates }]).needsClientCertificate, true)
  assert.equal(compile([{ all: [{ mutualTlsConfig: certificates }] }]).needsClientCertificate, true)
  const rules = compile([{ fileUserStoreConfig: store }])
  assert.equal(rules.needsClientCertificate, false)
  rules.policyFor([{ provider: ownProvider({ needsClientCertificate: true }) }], 'route')
  assert.equal(rules.needsClientCertificate, true)
})

test('equal configurations share a provider, others do not', () => {
  const rules = compile([
    { fileUserStoreConfig: store },
    { fileUserStoreConfig: structuredLike(store), scopes: 'a' },
  ])
  const resource = rules.policyFor([{ fileUserStoreConfig: structuredLike(store) }], 'route')
  const other = rules.policyFor([{ fileUserStoreConfig: { ...store, realm: 'other' } }], 'other')
  const providers = [rules.policyFor(undefined, ''), resource, other].flatMap(
    (policy) => policy?.alternatives.map(({ provider }) => provider) ?? [],
  )
  assert.equal(providers.length, 4)
  assert.equal(new Set(providers.slice(0, 3)).size, 1)
  assert.notEqual(providers[3], providers[0])
})

function withPassword(password: string) {
  return { users: [{ username: 'alice', password: new Secret(password) }], [allowPlainPasswords]: true }
}

test('configurations with different secrets are different, though secrets look alike', async () => {
  const rules = compile([
    { fileUserStoreConfig: withPassword('other') },
    { fileUserStoreConfig: withPassword('xxx') },
  ])
  assert.equal(await answer(rules.policyFor(undefined, ''), 'alice'), 'alice')
  const [first, second] = rules.policyFor(undefined, '')?.alternatives ?? []
  assert.notEqual(first?.provider, second?.provider)
})

test('policies cannot be changed by who gets them', () => {
  const policy = compile([{ fileUserStoreConfig: store, scopes: ['a'] }]).policyFor(undefined, '')
  assert.ok(policy !== undefined)
  assert.throws(() => Object.assign(policy, { optional: true }), TypeError)
  assert.throws(() => (policy.alternatives as unknown[]).push({}), TypeError)
  const [entry] = policy.alternatives
  assert.ok(entry !== undefined)
  assert.throws(() => Object.assign(entry, { scopes: undefined }), TypeError)
  assert.throws(() => (entry.scopes as string[]).push('b'), TypeError)
})

/** The same configuration, built anew with its members in another order. */
function structuredLike(config: typeof store): typeof store {
  return {
    [allowPlainPasswords]: config[allowPlainPasswords],
    users: [
      { scopes: 'read, write', password: 'xxx', username: 'alice' },
      { scopes: ['read'], password: 'yyy', username: 'bob' },
    ],
  }
}
