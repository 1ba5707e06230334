import { buildSchema } from 'graphql'
import type { GraphQLSchema } from 'graphql'
import { toPrincipal } from '../src/core/index.ts'
import type { Principal } from '../src/core/index.ts'
import { authDirective } from '../src/transports/graphql/index.ts'

/** A shop: orders for everybody who is known, their prices for finance, the rest as the names say. */
export const shopSdl = `
  ${authDirective}
  type Query {
    news: String @auth(optional: true)
    me: String
    orders: [Order!]!
    order(id: ID!): Order @auth(scopes: ["read", "admin"])
    things: [Thing!]!
    nodes: [Node!]!
    secret: String! @auth(all: ["read", "admin"])
  }
  type Mutation {
    cancel(id: ID!): Boolean @auth(scopes: ["write"])
    note: Boolean
  }
  type Subscription {
    prices: Int @auth(scopes: ["read"])
    ticks: Int @auth(optional: true)
  }
  interface Node { id: ID! cost: Int @auth(scopes: ["finance"]) }
  type Order implements Node {
    id: ID!
    cost: Int
    price: Int @auth(scopes: ["finance"])
    total: Int! @auth(scopes: ["finance"])
  }
  type Invoice implements Node @auth(scopes: ["finance"]) { id: ID! cost: Int number: String! }
  union Thing = Order | Invoice
`

const orders = [
  { __typename: 'Order', id: '1', cost: 1, price: 10, total: 11 },
  { __typename: 'Order', id: '2', cost: 2, price: 20, total: 22 },
]
const invoice = { __typename: 'Invoice', id: '3', cost: 3, number: 'I-3' }

/** What the resolvers answer; `calls` are those that ran. */
export function shopResolvers(calls: string[] = []) {
  const run =
    <T>(name: string, value: T) =>
    (): T => {
      calls.push(name)
      return value
    }
  return {
    Query: {
      news: run('news', 'open'),
      me: (_source: unknown, _args: unknown, context: { principal?: Principal }) =>
        context.principal?.username,
      orders: run('orders', orders),
      order: run('order', orders[0]),
      things: run('things', [...orders, invoice]),
      nodes: run('nodes', [...orders, invoice]),
      secret: run('secret', 'told'),
    },
    Mutation: { cancel: run('cancel', true), note: run('note', true) },
    Order: { price: ({ price }: { price: number }) => run('price', price)() },
  }
}

/** The same as a schema of `graphql` itself. */
export function shopSchema(calls: string[] = []): GraphQLSchema {
  const schema = buildSchema(shopSdl)
  putResolvers(schema, shopResolvers(calls))
  return schema
}

type Resolve = (source: never, args: never, context: never) => unknown

/** Puts resolvers on the fields of a schema, as servers do. */
export function putResolvers(
  schema: GraphQLSchema,
  resolvers: Readonly<Record<string, Readonly<Record<string, Resolve>>>>,
): void {
  for (const [type, fields] of Object.entries(resolvers)) {
    const known = (schema.getType(type) as { getFields(): Record<string, object> }).getFields()
    for (const [name, resolve] of Object.entries(fields)) Object.assign(known[name]!, { resolve })
  }
}

export function caller(...scopes: readonly string[]): Principal {
  return toPrincipal({ id: 'alice', username: 'alice', scheme: 'Bearer', scopes })
}
