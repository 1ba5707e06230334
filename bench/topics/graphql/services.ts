import { barre } from 'barre/fastify'
import { authDirective, guardSchema } from 'barre/graphql'
import fastify from 'fastify'
import { buildSchema } from 'graphql'
import mercurius from 'mercurius'
import mercuriusAuthModule from 'mercurius-auth'
import type { FastifyInstance } from 'fastify'
import type { GraphQLSchema } from 'graphql'
import { addBareCheck, addPeer } from '../http/servers/fastify.ts'
import { answer, forgetful, toAuth } from '../http/servers/service.ts'
import type { Service } from '../http/servers/service.ts'
import type { Issued } from '../jwt/tokens.ts'

// Its types describe an ES module, which it is not.
const mercuriusAuth = mercuriusAuthModule as unknown as typeof mercuriusAuthModule.default

const bare = 'Mercurius, bare'
const checked = 'Mercurius, bare, and crypto.verify'
const cached = 1000

export const services: readonly Service[] = [
  { name: bare, isOpen: true, listen: () => listen(async (app) => addGraphql(app, toSchema())) },
  {
    name: checked,
    isOpen: true,
    listen: (issued) =>
      listen(async (app) => {
        await addBareCheck(app, issued)
        await addGraphql(app, toSchema())
      }),
  },
  {
    name: 'barre/fastify with barre/graphql, cold',
    limit: checked,
    isOurs: true,
    listen: (issued) => listenGuarded(issued, forgetful),
  },
  { name: '@fastify/jwt with mercurius-auth', limit: checked, listen: (issued) => listenPeer(issued, false) },
  {
    name: 'barre/fastify with barre/graphql, warm',
    limit: bare,
    isOurs: true,
    listen: (issued) => listenGuarded(issued),
  },
  {
    name: '@fastify/jwt with cache, mercurius-auth',
    limit: bare,
    listen: (issued) => listenPeer(issued, cached),
  },
]

const scope = 'read_order'

/** All servers check the caller for the whole request, and the scope at the field. */
function toSchema(guard = ''): GraphQLSchema {
  const schema = buildSchema(`${authDirective}
    type Query { order: Order ${guard} }
    type Order { status: String items: Int }`)
  const { order } = schema.getQueryType()?.getFields() ?? {}
  if (order !== undefined) order.resolve = () => answer
  return schema
}

async function listen(addAll: (app: FastifyInstance) => Promise<unknown>): Promise<number> {
  const app = fastify()
  await addAll(app)
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  return Number(new URL(address).port)
}

async function addGraphql(app: FastifyInstance, schema: GraphQLSchema): Promise<void> {
  await app.register(mercurius, { schema, context: ({ principal }) => ({ principal }) })
}

function listenGuarded(issued: Issued, cacheConfig = {}): Promise<number> {
  return listen(async (app) => {
    await app.register(barre, { auth: toAuth(issued, cacheConfig) })
    await addGraphql(app, guardSchema(toSchema(`@auth(scopes: ["${scope}"])`)))
  })
}

function listenPeer(issued: Issued, cache: number | false): Promise<number> {
  return listen(async (app) => {
    await addPeer(app, issued, cache)
    await addGraphql(app, toSchema(`@auth(scopes: ["${scope}"])`))
    await app.register(mercuriusAuth, {
      authDirective: 'auth',
      authContext: (context) => ({ user: context.reply.request.user }),
      applyPolicy: async (_policy, _parent, _args, context) => {
        const { user } = context.auth as { readonly user: { readonly scope: string } }
        return user.scope.split(' ').includes(scope)
      },
    })
  })
}
