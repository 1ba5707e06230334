// A schema that says who may see what; what a caller may not see is null, and the rest answers.
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { buildSchema, graphql } from 'graphql'
import { createClient } from 'barre/fetch'
import { authDirective, guardSchema } from 'barre/graphql'
import { protect } from 'barre/http'
import { jwt } from 'barre/jwt'

const schema = guardSchema(
  buildSchema(`
    ${authDirective}
    type Query {
      news: String @auth(optional: true)
      order: Order
    }
    type Order {
      item: String
      cost: Int @auth(scopes: ["finance"])
    }
  `),
)
const rootValue = { news: 'open on Sunday', order: { item: 'cup', cost: 3 } }

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const names = { issuer: 'https://idp.example', audience: 'shop' }
const service = protect(
  {
    auth: [{ jwtValidatorConfig: { ...names, signatureConfig: { certFile: publicKey } } }],
    resources: { 'POST /graphql': { optional: true } },
  },
  async (request, response, { principal }) => {
    const { query } = (await json(request)) as { readonly query: string }
    const result = await graphql({ schema, source: query, rootValue, contextValue: { principal } })
    response.end(JSON.stringify(result))
  },
)
const server = createServer(service).listen(0, '127.0.0.1')
await once(server, 'listening')
const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const signatureConfig = { algorithm: 'EdDSA', config: privateKey } as const
const issue = (scope: string): Promise<string> | string =>
  jwt.issue({ ...names, username: 'alice', customClaims: { scope }, signatureConfig })
const body = JSON.stringify({ query: '{ news order { item cost } }' })
for (const [who, token] of [
  ['nobody', undefined],
  ['a customer', await issue('')],
  ['finance', await issue('finance')],
  ['a stranger', 'guessed'],
] as const) {
  const call = createClient({ baseUrl, ...(token !== undefined && { auth: { token } }) })
  const answer = (await (await call('/graphql', { method: 'POST', body })).json()) as Answer
  const codes = answer.errors?.map(({ path, extensions }) => `${path.join('.')} ${extensions.code}`)
  console.log(`${who}: ${JSON.stringify(answer.data ?? answer)} ${codes?.join() ?? ''}`.trimEnd())
}
server.close()

interface Answer {
  readonly data?: object
  readonly errors?: readonly { readonly path: string[]; readonly extensions: { readonly code: string } }[]
}

/*
nobody: {"news":"open on Sunday","order":null} order UNAUTHENTICATED
a customer: {"news":"open on Sunday","order":{"item":"cup","cost":null}} order.cost FORBIDDEN
finance: {"news":"open on Sunday","order":{"item":"cup","cost":3}}
a stranger: {"error":"unauthorized"}
*/
