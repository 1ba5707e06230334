import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildSchema, graphql, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql'
import type { GraphQLFieldConfig } from 'graphql'
import { compileAuth, createServices } from '../../auth/index.ts'
import type { Principal } from '../../core/index.ts'
import { namedTokens } from '../../../test/http-wire.ts'
import { caller, putResolvers, shopSchema } from '../../../test/shop-schema.ts'
import { authDirective, guardSchema } from './index.ts'
import type { SchemaOptions } from './index.ts'

const services = createServices()
const rules = compileAuth([{ provider: namedTokens() }], services)

function guarded(schema: GraphQLSchema, options?: SchemaOptions): GraphQLSchema {
  return guardSchema(rules, schema, services, options)
}

/** The data, and of each error the path and the code. */
async function run(source: string, principal?: Principal, options: SchemaOptions = {}, calls: string[] = []) {
  const schema = guarded(shopSchema(calls), options)
  const { data, errors = [] } = await graphql({ schema, source, contextValue: { principal } })
  return {
    data: data === undefined ? undefined : (JSON.parse(JSON.stringify(data)) as unknown),
    errors: errors.map(
      ({ path, extensions, message }) =>
        `${path?.join('.')} ${(extensions['code'] as string | undefined) ?? message}`,
    ),
  }
}

const rows: readonly (readonly [
  claim: string,
  query: string,
  scopes: readonly string[] | undefined,
  data: unknown,
  errors?: readonly string[],
])[] = [
  ['an open field', '{ news }', undefined, { news: 'open' }],
  [
    'a root field of which nothing is said, to nobody',
    '{ me }',
    undefined,
    { me: null },
    ['me UNAUTHENTICATED'],
  ],
  ['the same, to somebody', '{ me }', [], { me: 'alice' }],
  [
    'a denied field beside an answered one',
    '{ news me }',
    undefined,
    { news: 'open', me: null },
    ['me UNAUTHENTICATED'],
  ],
  ['one of several scopes', '{ order(id: 1) { id } }', ['admin'], { order: { id: '1' } }],
  ['none of several scopes', '{ order(id: 1) { id } }', ['write'], { order: null }, ['order FORBIDDEN']],
  ['every scope', '{ secret }', ['read', 'admin'], { secret: 'told' }],
  [
    'a denied field that cannot be null takes its parent along',
    '{ news secret }',
    ['read'],
    null,
    ['secret FORBIDDEN'],
  ],
  [
    'a denied field in each member of a list',
    '{ orders { id price } }',
    [],
    {
      orders: [
        { id: '1', price: null },
        { id: '2', price: null },
      ],
    },
    ['orders.0.price FORBIDDEN', 'orders.1.price FORBIDDEN'],
  ],
  [
    'one that cannot be null, in a list that cannot hold null',
    '{ orders { total } }',
    [],
    null,
    ['orders.0.total FORBIDDEN'],
  ],
  [
    'an alias',
    '{ a: me b: me }',
    undefined,
    { a: null, b: null },
    ['a UNAUTHENTICATED', 'b UNAUTHENTICATED'],
  ],
  ['a fragment', '{ ...F } fragment F on Query { me }', undefined, { me: null }, ['me UNAUTHENTICATED']],
  ['an inline fragment', '{ ... on Query { me } }', undefined, { me: null }, ['me UNAUTHENTICATED']],
  ['a directive of the query', '{ me @include(if: true) }', undefined, { me: null }, ['me UNAUTHENTICATED']],
  [
    'a member of a union, by its type',
    '{ things { ... on Order { id } ... on Invoice { __typename number } } }',
    [],
    null,
    ['things.2.number FORBIDDEN'],
  ],
  [
    'a member of a union, to who may',
    '{ things { ... on Order { id } ... on Invoice { number } } }',
    ['finance'],
    { things: [{ id: '1' }, { id: '2' }, { number: 'I-3' }] },
  ],
  [
    'a field of an interface',
    '{ nodes { ... on Order { cost } } }',
    [],
    { nodes: [{ cost: null }, { cost: null }, {}] },
    ['nodes.0.cost FORBIDDEN', 'nodes.1.cost FORBIDDEN'],
  ],
  [
    'a field of an interface, through a type that says nothing of it',
    '{ nodes { cost } }',
    ['finance'],
    { nodes: [{ cost: 1 }, { cost: 2 }, { cost: 3 }] },
  ],
  [
    'a mutation',
    'mutation { cancel(id: 1) note }',
    ['read'],
    { cancel: null, note: true },
    ['cancel FORBIDDEN'],
  ],
  [
    'a mutation of which nothing is said, to nobody',
    'mutation { note }',
    undefined,
    { note: null },
    ['note UNAUTHENTICATED'],
  ],
]
for (const [claim, query, scopes, data, errors = []] of rows) {
  test(`${claim}: ${query} with ${scopes?.join('+') ?? 'nobody'}`, async () => {
    assert.deepEqual(await run(query, scopes && caller(...scopes)), { data, errors })
  })
}

test('the resolver of a denied field does not run', async () => {
  const calls: string[] = []
  await run('mutation { cancel(id: 1) }', caller('read'), {}, calls)
  await run('{ orders { price } }', caller(), {}, calls)
  assert.deepEqual(calls, ['orders'])
})

test('a denied field says which scopes would do, and nothing of the program', async () => {
  const schema = guarded(shopSchema())
  const { errors } = await graphql({
    schema,
    source: '{ order(id: 1) { id } }',
    contextValue: { principal: caller() },
  })
  assert.deepEqual(JSON.parse(JSON.stringify(errors?.[0])), {
    message: 'The caller lacks a scope.',
    locations: [{ line: 1, column: 3 }],
    path: ['order'],
    extensions: { code: 'FORBIDDEN', scopes: ['read', 'admin'] },
  })
})

const introspections = [
  '{ __schema { queryType { name } } }',
  '{ __type(name: "Order") { name } }',
  '{ a: __type(name: "Order") { name } }',
]
for (const source of introspections) {
  test(`introspection is for who is known, unless it is said otherwise: ${source}`, async () => {
    const [denied] = (await run(source)).errors
    assert.match(denied ?? '', /UNAUTHENTICATED$/)
    assert.deepEqual((await run(source, caller())).errors, [])
    assert.deepEqual((await run(source, undefined, { introspect: false })).errors, [])
    const admins = { introspect: { scopes: 'admin' } } as const
    assert.match((await run(source, caller(), admins)).errors[0] ?? '', /FORBIDDEN$/)
    assert.deepEqual((await run(source, caller('admin'), admins)).errors, [])
  })
}

test('the name of a type that was asked for is no introspection', async () => {
  assert.deepEqual(await run('{ __typename news }'), {
    data: { __typename: 'Query', news: 'open' },
    errors: [],
  })
})

test('another schema is introspected as before', async () => {
  guarded(shopSchema())
  const { errors } = await graphql({ schema: shopSchema(), source: introspections[0]! })
  assert.equal(errors, undefined)
})

test('a resolver that is put on a field later is guarded too, and so is the field without any', async () => {
  const schema = guarded(shopSchema())
  const ask = async (principal?: Principal) =>
    (await graphql({ schema, source: '{ me }', rootValue: { me: 'root' }, contextValue: { principal } }))
      .data?.['me']
  putResolvers(schema, { Query: { me: () => 'later' } })
  assert.deepEqual([await ask(), await ask(caller())], [null, 'later'])
  putResolvers(schema, { Query: { me: undefined as never } })
  assert.deepEqual([await ask(), await ask(caller())], [null, 'root'])
})

test('the program may say where the principal is', async () => {
  const schema = guarded(shopSchema(), { principalOf: (context) => (context as { user?: Principal }).user })
  const { data } = await graphql({ schema, source: '{ me news }', contextValue: { user: caller() } })
  assert.deepEqual({ ...data }, { me: null, news: 'open' })
  const nobody = await graphql({ schema, source: '{ me }', contextValue: { principal: caller() } })
  assert.equal(nobody.errors?.[0]?.extensions['code'], 'UNAUTHENTICATED')
})

test('without a context value nobody is calling', async () => {
  const { errors } = await graphql({ schema: guarded(shopSchema()), source: '{ me }' })
  assert.equal(errors?.[0]?.extensions['code'], 'UNAUTHENTICATED')
})

function withAuth(auth: unknown): GraphQLSchema {
  const me: GraphQLFieldConfig<unknown, unknown> = {
    type: GraphQLString,
    resolve: () => 'told',
    extensions: { auth } as never,
  }
  return new GraphQLSchema({ query: new GraphQLObjectType({ name: 'Query', fields: { me } }) })
}

/** What the one field says to this caller. */
async function askMe(auth: unknown, principal?: Principal): Promise<unknown> {
  const schema = guarded(withAuth(auth))
  return (await graphql({ schema, source: '{ me }', contextValue: { principal } })).data?.['me']
}

test('a schema in code says it in extensions', async () => {
  assert.equal(await askMe(false), 'told')
  assert.equal(await askMe({ scopes: 'read' }, caller('write')), null)
  assert.equal(await askMe({ scopes: 'read' }, caller('read')), 'told')
  assert.equal(await askMe({ optional: true, scopes: 'read' }), 'told')
  assert.equal(await askMe({ optional: true, scopes: 'read' }, caller('write')), null)
})

for (const auth of [
  {},
  [],
  { scopes: '' },
  { scopes: [] },
  { scope: 'a' },
  'read',
  null,
  { scopes: undefined },
]) {
  test(`does not start with extensions.auth ${JSON.stringify(auth)}`, () => {
    assert.throws(
      () => guarded(withAuth(auth)),
      (error: { code?: string; path?: string }) => {
        assert.equal(error.code, 'config')
        assert.match(error.path ?? '', /^Query\.me/)
        return true
      },
    )
  })
}

for (const [sdl, path] of [
  ['type Query { a: Int @auth(scopes: []) }', 'Query.a.scopes'],
  ['type Query { a: Int @auth(scopes: ["a b"]) }', 'Query.a.scopes[0]'],
  ['type Query { a: Int @auth(scopes: ["a"], all: ["b"]) }', 'Query.a'],
  ['type Query @auth(scopes: [""]) { a: Int }', 'Query.a.scopes[0]'],
] as const) {
  test(`does not start: ${sdl}`, () => {
    assert.throws(() => guarded(buildSchema(authDirective + sdl)), { code: 'config', path })
  })
}

test('a schema is guarded once', () => {
  const schema = guarded(shopSchema())
  assert.throws(() => guarded(schema), { code: 'config' })
})
