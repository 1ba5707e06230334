import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import Fastify from 'fastify'
import { version } from 'graphql'
import { namedTokens, start } from '../../test/http-wire.ts'
import { shopSchema } from '../../test/shop-schema.ts'
import type { Principal } from '../core/index.ts'
import { barre } from './fastify.ts'
import { guardSchema } from './graphql.ts'
import { protect } from './http.ts'

type Endpoint = { readonly optional: true } | true
type Provider = ReturnType<typeof namedTokens>
type Serve = (context: TestContext, provider: Provider, endpoint: Endpoint) => Promise<number>

/** Serves GraphQL below the guard of node:http; the page at GET is for writers. */
function onHttp(
  answer: (request: IncomingMessage, response: ServerResponse, principal: Principal | undefined) => unknown,
): Serve {
  return (context, provider, endpoint) => {
    const resources = { 'POST /graphql': endpoint, 'GET /graphql': { scopes: 'write' } } as const
    const listener = protect({ auth: [{ provider }], resources }, (request, response, { principal }) =>
      answer(request, response, principal),
    )
    return start(createServer(listener), context)
  }
}

// Required, not imported: its types bring those of browsers, which would then hold in the whole program.
const require = createRequire(import.meta.url)
const { createYoga } = require('graphql-yoga') as { readonly createYoga: (options: object) => Yoga }

interface Yoga {
  handle(request: IncomingMessage, response: ServerResponse, context: object): unknown
}

const yoga = createYoga({ schema: guardSchema(shopSchema()), batching: true, logging: false, graphiql: true })

const apollo: Serve = async (context, ...rest) => {
  const { ApolloServer, HeaderMap } = await import('@apollo/server')
  const server = new ApolloServer<{ principal: Principal | undefined }>({
    schema: guardSchema(shopSchema()),
    allowBatchedHttpRequests: true,
    // It does not introspect by itself in production; here the schema's guard decides.
    introspection: true,
  })
  await server.start()
  context.after(() => server.stop())
  const serve = onHttp(async (request, response, principal) => {
    const headers = new HeaderMap(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    )
    const { status, body } = await server.executeHTTPGraphQLRequest({
      httpGraphQLRequest: {
        method: 'POST',
        headers,
        search: '',
        body: JSON.parse(await text(request)) as unknown,
      },
      context: async () => ({ principal }),
    })
    response.statusCode = status ?? 200
    response.end(body.kind === 'complete' ? body.string : '')
  })
  return serve(context, ...rest)
}

const onMercurius: Serve = async (context, provider, endpoint) => {
  const { default: mercurius } = await import('mercurius')
  const app = Fastify()
  await app.register(barre, { auth: [{ provider }] })
  await app.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      if (route.url !== '/graphql') return
      route.config = { ...route.config, auth: endpoint === true ? { scopes: ['read', 'write'] } : endpoint }
    })
    await scope.register(mercurius, {
      schema: guardSchema(shopSchema()),
      // It puts its loaders on the fields of the guarded schema.
      loaders: { Order: { price: async (queries: readonly unknown[]) => queries.map(() => 7) } },
      context: ({ principal }) => ({ principal }),
      allowBatchedQueries: true,
    })
  })
  await app.ready()
  return start(
    createServer((request, response) => app.routing(request, response)),
    context,
  )
}

const onYoga = onHttp((request, response, principal) => yoga.handle(request, response, { principal }))

// Apollo and Mercurius are for graphql 16 alone.
const servers: Readonly<Record<string, Serve>> = version.startsWith('17.')
  ? { Yoga: onYoga }
  : { Yoga: onYoga, Apollo: apollo, Mercurius: onMercurius }

async function ask(port: number, body: unknown, token?: string): Promise<{ status: number; body: unknown }> {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
  const options = { method: 'POST', headers, body: JSON.stringify(body) }
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, options)
  return { status: response.status, body: await response.json() }
}

function codesOf(body: unknown): readonly string[] {
  const { errors = [] } = body as {
    readonly errors?: readonly { readonly extensions: { readonly code: string } }[]
  }
  return errors.map(({ extensions }) => extensions.code)
}

for (const [name, serve] of Object.entries(servers)) {
  describe(`on ${name}`, () => {
    it('a denied field is null with its code, and the rest answers', async (context) => {
      const port = await serve(context, namedTokens(), { optional: true })
      const query = '{ news me order(id: 1) { id price } }'
      const nobody = await ask(port, { query })
      assert.equal(nobody.status, 200)
      assert.deepEqual((nobody.body as { data: unknown }).data, { news: 'open', me: null, order: null })
      assert.deepEqual(codesOf(nobody.body), ['UNAUTHENTICATED', 'UNAUTHENTICATED'])
      const reader = await ask(port, { query }, 'reader')
      assert.deepEqual((reader.body as { data: unknown }).data, {
        news: 'open',
        me: 'reader',
        order: { id: '1', price: null },
      })
      assert.deepEqual(codesOf(reader.body), ['FORBIDDEN'])
    })

    it('a bad credential is refused with the whole request, and so is nobody where it is said', async (context) => {
      const optional = await serve(context, namedTokens(), { optional: true })
      assert.equal((await ask(optional, { query: '{ news }' }, 'mallory')).status, 401)
      const closed = await serve(context, namedTokens(), true)
      assert.deepEqual(await ask(closed, { query: '{ news }' }), {
        status: 401,
        body: { error: 'unauthorized' },
      })
      assert.equal((await ask(closed, { query: '{ news }' }, 'reader')).status, 200)
    })

    it('introspection is refused to nobody', async (context) => {
      const port = await serve(context, namedTokens(), { optional: true })
      const query = '{ __schema { types { name } } }'
      assert.deepEqual(codesOf((await ask(port, { query })).body), ['UNAUTHENTICATED'])
      assert.deepEqual(codesOf((await ask(port, { query }, 'reader')).body), [])
    })

    it('a batch and a hundred aliases are one attempt to authenticate', async (context) => {
      const provider = namedTokens()
      const port = await serve(context, provider, { optional: true })
      const query = `{ ${Array.from({ length: 100 }, (_, index) => `a${index}: me`).join(' ')} }`
      assert.equal((await ask(port, { query }, 'mallory')).status, 401)
      const batch = await ask(
        port,
        [{ query: '{ me }' }, { query: '{ news }' }, { query: '{ secret }' }],
        'reader',
      )
      assert.equal(provider.calls.length, 2)
      const answers = batch.body as { data: unknown }[]
      assert.deepEqual(
        answers.map(({ data }) => data),
        [{ me: 'reader' }, { news: 'open' }, null],
      )
      assert.deepEqual(codesOf(answers[2]), ['FORBIDDEN'])
    })
  })
}

it('GraphiQL is a resource like another', async (context) => {
  const port = await onYoga(context, namedTokens(), { optional: true })
  const page = (token?: string) =>
    fetch(`http://127.0.0.1:${port}/graphql`, {
      headers: { accept: 'text/html', ...(token && { authorization: `Bearer ${token}` }) },
    })
  assert.equal((await page()).status, 401)
  assert.equal((await page('reader')).status, 403)
  assert.match(await (await page('writer')).text(), /graphiql/i)
})
