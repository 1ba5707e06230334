import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { test } from 'node:test'
import { acceptFrozen, dataDepthMax, freezeData } from './freeze.ts'
import { toPrincipal, toPrincipalId } from './principal.ts'

const attacks: readonly (readonly [string, (principal: Record<string, unknown>) => unknown])[] = [
  ['replace a member', (principal) => (principal['id'] = 'eve')],
  ['add a member', (principal) => (principal['admin'] = true)],
  ['add a scope', ({ scopes }) => (scopes as Set<string>).add('admin')],
  ['add a scope as to a native set', ({ scopes }) => Set.prototype.add.call(scopes, 'admin')],
  ['replace the test for scopes', ({ scopes }) => ((scopes as Set<string>).has = () => true)],
  [
    'replace the test for scopes of all',
    ({ scopes }) => ((Object.getPrototypeOf(scopes) as Set<string>).has = () => true),
  ],
  ['replace a claim', ({ claims }) => ((claims as Record<string, unknown>)['sub'] = 'eve')],
  ['replace a claim deep down', ({ claims }) => (claims as { deep: { list: string[] } }).deep.list.push('x')],
]

function alice(): Record<string, unknown> {
  const claims = { sub: 'alice', deep: { list: ['a'] } }
  const principal = toPrincipal({ id: 'alice', username: 'alice', scheme: 'Test', scopes: ['read'], claims })
  return principal as unknown as Record<string, unknown>
}

for (const [name, attack] of attacks) {
  test(`no handler can ${name}`, () => {
    const principal = alice()
    assert.throws(() => attack(principal), TypeError)
    assert.deepEqual(JSON.stringify(principal), JSON.stringify(alice()))
  })
}

test('what made a principal can change without changing it', () => {
  const claims = { roles: ['a'] }
  const scopes = new Set(['read'])
  const principal = toPrincipal({ id: 'a', username: 'a', scheme: 'Test', scopes, claims })
  claims.roles.push('b')
  scopes.add('admin')
  assert.deepEqual([principal.claims['roles'], principal.scopes.has('admin')], [['a'], false])
})

test('frozen data of somebody else is copied: it may be open deeper down', () => {
  const inner = { list: ['a'] }
  const frozen = freezeData(Object.freeze(Object.assign(Object.create(null) as object, { inner })))
  inner.list.push('b')
  assert.deepEqual(JSON.stringify(frozen), '{"inner":{"list":["a"]}}')
})

test('data that was frozen here is handed on as it is', () => {
  const frozen = freezeData({ list: [{}] })
  assert.equal(freezeData(frozen), frozen)
})

test('claims have no prototype: only own names are there', () => {
  const { claims } = toPrincipal({
    id: 'a',
    username: 'a',
    scheme: 'Test',
    claims: JSON.parse('{"__proto__":{"admin":true}}') as Record<string, unknown>,
  })
  assert.equal(Object.getPrototypeOf(claims), null)
  assert.equal(claims['constructor'], undefined)
  assert.equal(claims['admin'], undefined)
})

test('data nests to the limit and no deeper', () => {
  const nest = (depth: number): unknown => (depth === 0 ? 1 : [nest(depth - 1)])
  assert.doesNotThrow(() => freezeData(nest(dataDepthMax)))
  assert.throws(() => freezeData(nest(dataDepthMax + 1)), /nested at most 64 deep/)
  const endless: Record<string, unknown> = {}
  endless['self'] = endless
  assert.throws(() => freezeData(endless), TypeError)
})

test('scopes read as a set does', () => {
  const { scopes } = toPrincipal({ id: 'a', username: 'a', scheme: 'Test', scopes: ['b', 'a'] })
  const called: string[] = []
  scopes.forEach((value, key, set) => called.push(value, key, String(set === scopes)))
  assert.deepEqual([scopes.size, scopes.has('a'), scopes.has('c')], [2, true, false])
  assert.deepEqual(
    [[...scopes], [...scopes.keys()], [...scopes.values()]],
    [
      ['b', 'a'],
      ['b', 'a'],
      ['b', 'a'],
    ],
  )
  assert.deepEqual(
    [...scopes.entries()],
    [
      ['b', 'b'],
      ['a', 'a'],
    ],
  )
  assert.deepEqual(called, ['b', 'b', 'true', 'a', 'a', 'true'])
  assert.deepEqual([...scopes.union(new Set(['c']))], ['b', 'a', 'c'])
  assert.deepEqual([...scopes.intersection(new Set(['a']))], ['a'])
  assert.deepEqual([...scopes.difference(new Set(['a']))], ['b'])
  assert.deepEqual([...scopes.symmetricDifference(new Set(['a', 'c']))], ['b', 'c'])
  assert.equal(scopes.isSubsetOf(new Set(['a', 'b', 'c'])), true)
  assert.equal(scopes.isSupersetOf(new Set(['a'])), true)
  assert.equal(scopes.isDisjointFrom(new Set(['c'])), true)
  assert.equal(new Set(['a']).isSubsetOf(scopes), true)
})

test('scopes show in JSON and in logs', () => {
  const { scopes } = toPrincipal({ id: 'a', username: 'a', scheme: 'Test', scopes: ['b', 'a'] })
  assert.equal(JSON.stringify(scopes), '["b","a"]')
  assert.equal(inspect(scopes), "Set(2) { 'b', 'a' }")
})

test('data that its maker has frozen is not copied', () => {
  const own = Object.freeze(Object.assign(Object.create(null) as object, { sub: 'alice' }))
  assert.notEqual(freezeData(own), own)
  acceptFrozen(own)
  assert.equal(freezeData(own), own)
})

const ids: [issuer: string | undefined, subject: string, id: string][] = [
  ['https://issuer.example', 'alice', 'https://issuer.example:alice'],
  ['https://a', '443:bob', 'https://a:443%3Abob'],
  ['https://a:443', 'bob', 'https://a:443:bob'],
  ['https://a', '443%3Abob', 'https://a:443%253Abob'],
  [undefined, 'https://a:443:bob', 'https%3A//a%3A443%3Abob'],
  [undefined, 'cn:batch', 'cn%3Abatch'],
]

test('no two issuers and subjects share an id, whatever colons they hold', () => {
  assert.deepEqual(
    ids.map(([issuer, subject]) => toPrincipalId(issuer, subject)),
    ids.map(([, , id]) => id),
  )
  assert.equal(new Set(ids.map(([, , id]) => id)).size, ids.length)
})
