import type { IncomingMessage } from 'node:http'
import { buildSchema, graphql as execute } from 'graphql'
import type { Principal } from 'barre/core'
import { authDirective, guardSchema } from 'barre/graphql'
import { protect } from 'barre/http'
import type { Served, TransportKit } from '../harness/kit.ts'
import { overHttp, publicOrigin, run, version1 } from './over-http.ts'

/** GraphQL over HTTP: each resource is an endpoint, and where it wants a caller its fields do so too. */
export const graphql: TransportKit = {
  ...overHttp,
  folder: 'graphql',
  takesTrue: true,
  async start({ auth, resources, services, handle }, place) {
    const table = Object.entries(resources).flatMap(([name, says]) =>
      ['GET', 'POST'].map((method) => [`${method} /${name}`, says === 'service' ? true : says] as const),
    )
    const schemas = {
      known: makeSchema('@auth', handle),
      anybody: makeSchema('@auth(optional: true)', handle),
    }
    const listener = protect(
      { auth, services, publicOrigin, resources: Object.fromEntries(table) },
      async (request, response, { route, principal }) => {
        const says = resources[route.split('/')[1] ?? '']
        const isAnybodys = says === false || (Object(says) as { optional?: boolean }).optional === true
        const { data, errors } = await execute({
          schema: isAnybodys ? schemas.anybody : schemas.known,
          source:
            request.method === 'POST'
              ? 'mutation Answer($sent: String) { answer(sent: $sent) }'
              : '{ answer }',
          variableValues: { sent: await readBody(request) },
          contextValue: { principal },
        })
        response.statusCode = errors === undefined ? 200 : 500
        response.setHeader('content-type', 'application/json').end(data?.['answer'])
      },
    )
    return run(version1.toServer(listener, place), place)
  },
}

function makeSchema(auth: string, handle: Served['handle']) {
  const schema = buildSchema(
    `${authDirective} type Query { answer: String ${auth} } type Mutation { answer(sent: String): String ${auth} }`,
  )
  const resolve = (
    _source: unknown,
    { sent }: { sent?: string },
    context: { principal?: Principal },
  ): string => JSON.stringify(handle(context.principal, sent === undefined ? undefined : JSON.parse(sent)))
  for (const type of [schema.getQueryType(), schema.getMutationType()]) {
    Object.assign(type!.getFields()['answer']!, { resolve })
  }
  return guardSchema(schema)
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  return request.method === 'POST' ? new Response(request).text() : undefined
}
