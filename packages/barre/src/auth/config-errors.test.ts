import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allowPlainPasswords, ConfigError } from '../core/index.ts'
import type { Rules } from '../core/index.ts'
import * as providerKinds from './provider-kinds.ts'
import { compileAuth } from './compile-auth.ts'
import type { AuthConfig } from './auth-config.ts'
import { createServices } from './services.ts'

const services = createServices()
const store = { users: [{ username: 'alice', password: 'xxx' }], [allowPlainPasswords]: true }
const certificates = { anyFromCa: ['mesh'] }

function compile(auth: unknown): Rules {
  return compileAuth(auth as AuthConfig | undefined, services)
}

const known = [...Object.values(providerKinds).map(({ key }) => key), 'provider'].join(', ')
const badServices: readonly (readonly [string, unknown, string])[] = [
  ['no entry', [], 'auth: expected at least one entry; false opens a resource'],
  ['a record', { fileUserStoreConfig: store }, 'auth: expected a list of entries'],
  ['true', true, 'auth: expected a list of entries'],
  ['null', null, 'auth: expected a list of entries'],
  ['an entry that is text', ['jwt'], `auth[0]: expected a record with one of ${known}, all`],
  ['a hole in the list', Array(1), `auth[0]: expected a record with one of ${known}, all`],
  ['an empty entry', [{}], `auth[0]: expected one of ${known}, all`],
  ['scopes alone', [{ scopes: 'a' }], `auth[0]: expected one of ${known}, all`],
  [
    'a misspelt kind',
    [{ fileUserStore: store }],
    `auth[0].fileUserStore: unknown field; known here: ${known}, all, scopes, stepUp`,
  ],
  [
    'a misspelt scopes',
    [{ fileUserStoreConfig: store, scope: 'a' }],
    `auth[0].scope: unknown field; known here: ${known}, all, scopes, stepUp`,
  ],
  [
    'a symbol',
    [{ fileUserStoreConfig: store, [allowPlainPasswords]: true }],
    `auth[0][barre.allowPlainPasswords]: unknown field; known here: ${known}, all, scopes, stepUp`,
  ],
  [
    'an inherited name',
    [JSON.parse('{"__proto__": {}}')],
    `auth[0].__proto__: unknown field; known here: ${known}, all, scopes, stepUp`,
  ],
  [
    'two kinds',
    [{ fileUserStoreConfig: store, mutualTlsConfig: certificates }],
    'auth[0]: expected one kind, found fileUserStoreConfig and mutualTlsConfig',
  ],
  [
    'a wrong second entry',
    [{ fileUserStoreConfig: store }, { mutualTlsConfig: {} }],
    'auth[1].mutualTlsConfig: expected identities or anyFromCa, found neither',
  ],
  [
    'a kind without its configuration',
    [{ mutualTlsConfig: undefined }],
    'auth[0].mutualTlsConfig: expected identities or anyFromCa, found neither',
  ],
  [
    'a misspelt field of a kind',
    [{ fileUserStoreConfig: { user: [] } }],
    'auth[0].fileUserStoreConfig.user: unknown field; known here: ' +
      'path, users, secret, realm, maxSessionSeconds, loginThrottle',
  ],
  [
    'a provider that is none',
    [{ provider: { read() {} } }],
    'auth[0].provider: expected a Provider: an object with schemes, read, verify and challenges',
  ],
  ['an empty all', [{ all: [] }], 'auth[0].all: expected a list with at least one provider'],
  [
    'an all that is no list',
    [{ all: { fileUserStoreConfig: store } }],
    'auth[0].all: expected a list with at least one provider',
  ],
  [
    'scopes inside all',
    [{ all: [{ fileUserStoreConfig: store, scopes: 'a' }] }],
    `auth[0].all[0].scopes: unknown field; known here: ${known}`,
  ],
  ['all inside all', [{ all: [{ all: [] }] }], `auth[0].all[0].all: unknown field; known here: ${known}`],
]
const scopeForm = 'expected a scope: visible ASCII without spaces, quotes or backslashes'
const badScopes: readonly (readonly [string, unknown, string])[] = [
  ['undefined', undefined, `auth[0].scopes: ${scopeForm}`],
  ["''", '', `auth[0].scopes: ${scopeForm}`],
  ['a space inside', 'read write', `auth[0].scopes: ${scopeForm}`],
  ['a space around', ' read', `auth[0].scopes: ${scopeForm}`],
  ['a quote', 'a"b', `auth[0].scopes: ${scopeForm}`],
  ['a number', 7, `auth[0].scopes: ${scopeForm}`],
  ['an empty list', [], 'auth[0].scopes: expected at least 1 member'],
  ['an empty member', ['a', ''], `auth[0].scopes[1]: ${scopeForm}`],
  ['a space inside a member', ['a b'], `auth[0].scopes[0]: ${scopeForm}`],
  ['an empty all', { all: [] }, 'auth[0].scopes.all: expected at least 1 member'],
  ['a misspelt all', { any: ['a'] }, 'auth[0].scopes.any: unknown field; known here: all'],
]
for (const [name, auth, message] of [
  ...badServices,
  ...badScopes.map(
    ([what, scopes, problem]) =>
      [`scopes: ${what}`, [{ fileUserStoreConfig: store, scopes }], problem] as const,
  ),
]) {
  test(`a service does not start with ${name}`, () => {
    assert.throws(
      () => compile(auth),
      (error) => error instanceof ConfigError && error.message === message,
    )
  })
}

const badResources: readonly (readonly [string, unknown, unknown, string])[] = [
  [
    'scopes without a service',
    undefined,
    { scopes: 'a' },
    'route.auth: these demands need entries, and the service declares no auth',
  ],
  [
    'scopes where the service is open',
    false,
    { scopes: 'a' },
    'route.auth: these demands need entries, and the service declares no auth',
  ],
  [
    'optional without a service',
    undefined,
    { optional: true },
    'route.auth: these demands need entries, and the service declares no auth',
  ],
  ['bad scopes', [{ fileUserStoreConfig: store }], { scopes: [''] }, `route.auth.scopes[0]: ${scopeForm}`],
  [
    'undefined scopes',
    [{ fileUserStoreConfig: store }],
    { scopes: undefined },
    'route.auth: expected scopes, stepUp or optional, found none',
  ],
  [
    'an empty record',
    [{ fileUserStoreConfig: store }],
    {},
    'route.auth: expected scopes, stepUp or optional, found none',
  ],
  [
    'a misspelt field',
    [{ fileUserStoreConfig: store }],
    { scope: 'a' },
    'route.auth.scope: unknown field; known here: scopes, stepUp, optional',
  ],
  [
    'an empty list',
    [{ fileUserStoreConfig: store }],
    [],
    'route.auth: expected at least one entry; false opens a resource',
  ],
  ['a bad entry', [{ fileUserStoreConfig: store }], [{}], `route.auth[0]: expected one of ${known}, all`],
  [
    'true',
    [{ fileUserStoreConfig: store }],
    true,
    'route.auth: expected false, { scopes }, { stepUp }, { optional } or a list of entries',
  ],
  [
    'null',
    [{ fileUserStoreConfig: store }],
    null,
    'route.auth: expected false, { scopes }, { stepUp }, { optional } or a list of entries',
  ],
]
for (const [name, service, resource, message] of badResources) {
  test(`a resource does not start with ${name}`, () => {
    const rules = compile(service)
    assert.throws(
      () => rules.policyFor(resource, 'route.auth'),
      (error) => error instanceof ConfigError && error.message === message,
    )
  })
}

test('errors are named from the path that the transport gives', () => {
  const auth = [{ mutualTlsConfig: { anyFromCa: [''] } }]
  assert.throws(() => compileAuth(auth, services, 'services.orders.auth'), {
    path: 'services.orders.auth[0].mutualTlsConfig.anyFromCa[0]',
  })
})
