import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { compileAuth, createServices } from 'barre/auth'
import { allowPlainPasswords, ConfigError } from 'barre/core'

const file = fileURLToPath(import.meta.resolve('barre/auth.schema.json'))
const isValid = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync(file, 'utf8')) as object)

const audience = 'orders'
const jwks = { keys: [] }
const jwt = (signatureConfig: object, more: object = { audience }) => ({
  jwtValidatorConfig: { ...more, signatureConfig },
})
const users = [{ username: 'alice', password: 'open sesame' }]

const bad: readonly (readonly [string, object])[] = [
  ['no way to check a signature', jwt({})],
  ['two ways to check a signature', jwt({ certFile: 'a.pem', secret: 's'.repeat(64) })],
  ['a JWKS from nowhere', jwt({ jwksConfig: {} })],
  ['a JWKS from two places', jwt({ jwksConfig: { file: 'a.json', jwks } })],
  ['no audience', jwt({ secret: 's'.repeat(64) }, {})],
  ['an identity of no form', { mutualTlsConfig: { identities: { orders: [] } } }],
  ['a SPIFFE id with a step up', { mutualTlsConfig: { identities: { 'spiffe://mesh/..': [] } } }],
  ['identities and anybody', { mutualTlsConfig: { identities: { 'dns:a': [] }, anyFromCa: [] } }],
  ['neither identities nor anybody', { mutualTlsConfig: {} }],
  ['users here and in a file', { fileUserStoreConfig: { path: 'a.toml', users } }],
  ['a user name with a colon', { fileUserStoreConfig: { users: [{ ...users[0], username: 'a:b' }] } }],
  ['a realm with a quote', { fileUserStoreConfig: { users, realm: 'a"b' } }],
]
for (const [name, entry] of bad) {
  test(`${name} is refused by the schema and by the program`, () => {
    assert.equal(isValid([entry]), false)
    assert.throws(() => compileAuth([entry] as never, createServices()), ConfigError)
  })
}

test('the good neighbours of the bad ones are accepted by both', () => {
  const secret = 'KkTq7WgnZ2Yt5xVb9sQm4Rj8Lp3Hc6Df1Na0EuXiOyB'
  const good = [
    jwt({ secret }),
    {
      mutualTlsConfig: {
        identities: { 'spiffe://mesh/orders': [], 'dns:Orders.example': ['a'], 'cn:o r': [] },
      },
    },
    { mutualTlsConfig: { anyFromCa: [] } },
  ]
  assert.equal(isValid(good), true, JSON.stringify(isValid.errors))
  compileAuth(good as never, createServices())
  assert.equal(isValid([{ fileUserStoreConfig: { users, realm: 'a b' } }]), true)
  const plain = { users, realm: 'a b', [allowPlainPasswords]: true }
  compileAuth([{ fileUserStoreConfig: plain }] as never, createServices())
})
