import assert from 'node:assert/strict'
import type { Server } from 'node:net'
import { afterEach, test } from 'node:test'
import type { INestApplication, Type } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { GraphQLModule, Mutation, Query, ResolveField, Resolver, Subscription } from '@nestjs/graphql'
import { MercuriusDriver } from '@nestjs/mercurius'
import type { MercuriusDriverConfig } from '@nestjs/mercurius'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { compileAuth, createServices } from '../../auth/index.ts'
import type { ResourceAuth } from '../../auth/index.ts'
import { namedTokens, portOf } from '../../../test/http-wire.ts'
import { decorate, toService } from '../../../test/nest-kit.ts'
import { toModule } from './index.ts'
import type { ModuleOptions } from './index.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

const typeDefs = `
  type Query { me: String news: String order: Order maybe: String }
  type Mutation { cancel: String }
  type Order { id: String price: String }
`

/** Which resolvers ran. */
const reached: string[] = []

interface Says extends Readonly<Record<string, ResourceAuth | undefined>> {}

function toShop(says: Says = {}, own?: ResourceAuth): Type {
  class Shop {
    me(_source: unknown, _args: unknown, context: { principal?: { username: string } }): string {
      reached.push('me')
      return context.principal?.username ?? 'nobody'
    }
    news(...args: Parameters<Shop['me']>): string {
      return this.me(...args)
    }
    maybe(...args: Parameters<Shop['me']>): string {
      return this.me(...args)
    }
    cancel(...args: Parameters<Shop['me']>): string {
      return this.me(...args)
    }
    order(): object {
      reached.push('order')
      return { id: '1' }
    }
  }
  Resolver()(Shop)
  return decorate(
    Shop,
    {
      me: [Query('me'), says['me']],
      news: [Query('news'), says['news']],
      maybe: [Query('maybe'), says['maybe']],
      order: [Query('order'), says['order']],
      cancel: [Mutation('cancel'), says['cancel']],
    },
    own,
  )
}

/** The resolver of a field below the roots. */
function toOrder(price?: ResourceAuth, own?: ResourceAuth): Type {
  class Order {
    price(): string {
      reached.push('price')
      return '7'
    }
  }
  Resolver('Order')(Order)
  return decorate(Order, { price: [ResolveField('price'), price] }, own)
}

interface Options extends ModuleOptions {
  readonly graphql?: Partial<MercuriusDriverConfig>
  readonly provider?: ReturnType<typeof namedTokens>
}

async function create(
  providers: readonly Type[],
  { graphql, provider = namedTokens(), ...options }: Options = {},
): Promise<INestApplication> {
  const services = createServices()
  const imports = [
    toModule(compileAuth([{ provider }], services), options, services),
    GraphQLModule.forRoot<MercuriusDriverConfig>({
      driver: MercuriusDriver,
      typeDefs,
      allowBatchedQueries: true,
      ...graphql,
    }),
  ]
  const settings = { abortOnError: false, logger: false } as const
  const app = await NestFactory.create(toService({ imports, providers }), new FastifyAdapter(), settings)
  closers.push(() => app.close())
  reached.length = 0
  return app
}

interface Answer {
  readonly data?: unknown
  readonly errors?: readonly { readonly extensions?: { readonly code?: string; readonly scopes?: unknown } }[]
}

async function serve(providers: readonly Type[], options?: Options) {
  const app = await create(providers, options)
  await app.listen(0, '127.0.0.1')
  const url = `http://127.0.0.1:${portOf(app.getHttpServer() as Server)}/graphql`
  return async (query: string | readonly string[], token?: string): Promise<Answer> => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
    const asked = typeof query === 'string' ? { query } : query.map((one) => ({ query: one }))
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(asked) })
    return (await response.json()) as Answer
  }
}

function codesOf({ errors = [] }: Answer): readonly unknown[] {
  return errors.map(({ extensions }) => extensions?.code)
}

const write = { scopes: 'write' }

test('a resolver is refused with its code, does not run, and the rest answers', async () => {
  const provider = namedTokens()
  const says = { news: false, maybe: { optional: true }, cancel: write, order: write } as const
  const ask = await serve([toShop(says)], { provider })
  const nobody = await ask('{ me news maybe order { id } }')
  assert.deepEqual(nobody.data, { me: null, news: 'nobody', maybe: 'nobody', order: null })
  assert.deepEqual(codesOf(nobody), ['UNAUTHENTICATED', 'UNAUTHENTICATED'])
  for (const token of ['forged', 'expired', 'throttled', 'down', 'a b', 'slow-forged']) {
    const bad = await ask('{ me news maybe }', token)
    assert.deepEqual(bad.data, { me: null, news: 'nobody', maybe: null }, token)
    assert.deepEqual(codesOf(bad), ['UNAUTHENTICATED', 'UNAUTHENTICATED'], token)
  }
  reached.length = 0
  const reader = await ask('mutation { cancel }', 'reader')
  assert.deepEqual(reader.errors?.[0]?.extensions, { code: 'FORBIDDEN', scopes: ['write'] })
  assert.deepEqual(reached, [])
  assert.deepEqual((await ask('mutation { cancel }', 'writer')).data, { cancel: 'writer' })
  assert.deepEqual((await ask('{ me order { id } }', 'slow-writer')).data, {
    me: 'writer',
    order: { id: '1' },
  })
})

test('a resolver class says for its resolvers, and a resolver has the last word', async () => {
  const ask = await serve([toShop({ me: { scopes: 'read' } }, write)])
  const { data } = await ask('{ me news }', 'reader')
  assert.deepEqual(data, { me: 'reader', news: null })
})

test('a batch and a hundred aliases are one attempt to authenticate', async () => {
  const provider = namedTokens()
  const ask = await serve([toShop()], { provider })
  const many = `{ ${Array.from({ length: 100 }, (_, index) => `a${index}: me`).join(' ')} }`
  assert.equal(codesOf(await ask(many, 'slow-mallory')).length, 100)
  const batch = (await ask([many, '{ me }'], 'reader')) as readonly Answer[]
  assert.deepEqual(batch[1]?.data, { me: 'reader' })
  assert.equal(provider.calls.length, 2)
})

test('the questions about the schema demand a principal, unless it is said otherwise', async () => {
  const question = '{ __schema { types { name } } }'
  const ask = await serve([toShop({ me: false })])
  for (const asked of [
    question,
    '{ __type(name: "Order") { name } }',
    '{ me __schema { types { name } } }',
  ]) {
    assert.deepEqual(codesOf(await ask(asked)), ['UNAUTHENTICATED'])
    assert.deepEqual(codesOf(await ask(asked, 'slow-forged')), ['UNAUTHENTICATED'])
    assert.deepEqual(codesOf(await ask(asked, 'slow-reader')), [])
  }
  const writers = await serve([toShop()], { introspect: write })
  assert.deepEqual(codesOf(await writers(question, 'reader')), ['FORBIDDEN'])
  const open = await serve([toShop()], { introspect: false })
  assert.deepEqual(codesOf(await open(question)), [])
})

test('a field below the roots is guarded where Nest asks guards about it', async () => {
  const graphql = { fieldResolverEnhancers: ['guards' as const] }
  const ask = await serve([toShop({ order: false }), toOrder(write)], { graphql })
  for (const [token, code] of [
    [undefined, 'UNAUTHENTICATED'],
    ['reader', 'FORBIDDEN'],
  ] as const) {
    const answer = await ask('{ order { id price } }', token)
    assert.deepEqual([answer.data, codesOf(answer)], [{ order: { id: '1', price: null } }, [code]])
  }
  assert.deepEqual((await ask('{ order { price } }', 'writer')).data, { order: { price: '7' } })
})

test('below the roots nothing said is nothing demanded where Nest asks no guards', async () => {
  const ask = await serve([toShop(), toOrder()])
  assert.deepEqual((await ask('{ order { price } }', 'reader')).data, { order: { price: '7' } })
  assert.deepEqual(codesOf(await ask('{ order { price } }')), ['UNAUTHENTICATED'])
})

/** A subscription, which lives on after its request. */
function toTicks(auth?: ResourceAuth): Type {
  class Ticks {
    ticks(): unknown {
      return undefined
    }
  }
  Resolver()(Ticks)
  return decorate(Ticks, { ticks: [Subscription('ticks'), auth] })
}

const withTicks = { graphql: { typeDefs: `${typeDefs} type Subscription { ticks: Int }` } }

for (const [claim, providers, options, path] of [
  ['a demand that is wrong', [toShop({ me: { scopes: [] } })], {}, /^Shop\.me Auth/],
  ['entries of a resolver', [toShop({ me: [{ provider: namedTokens() }] })], {}, /^Shop\.me Auth$/],
  ['a demand of a field that nobody asks about', [toShop(), toOrder(write)], {}, /^Order\.price Auth$/],
  [
    'a demand of such fields by their class',
    [toShop(), toOrder(undefined, write)],
    {},
    /^Order\.price Auth$/,
  ],
  ['a subscription that is not open', [toShop(), toTicks()], withTicks, /^Ticks\.ticks Auth$/],
  ['a demand of introspection that is wrong', [toShop()], { introspect: { scopes: [] } }, /^introspect/],
] as const) {
  test(`does not start with ${claim}`, async () => {
    const app = await create(providers, options)
    await assert.rejects(app.listen(0, '127.0.0.1'), { code: 'config', path })
  })
}
