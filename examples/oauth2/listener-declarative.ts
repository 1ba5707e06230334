// A service that asks the authorization server who a token is of, stated as data; and a few callers.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClient } from 'barre/fetch'
import { protect } from 'barre/http'
import { startTokenServer } from './token-server.ts'

const tokens = await startTokenServer()

const service = protect(
  {
    auth: [
      {
        oauth2IntrospectionConfig: {
          url: tokens.introspectUrl,
          audience: 'foo',
          tokenTypeHint: 'access_token',
          scopeKey: 'scp',
          cacheConfig: { capacity: 10 },
          clientConfig: { customHeaders: { authorization: 'Basic YWRtaW46YWRtaW4=' } },
        },
        scopes: 'admin',
      },
    ],
    resources: { 'GET /foo/bar': true },
  },
  (_request, response, { principal }) => response.end(`Hello, ${principal?.username}!`),
)
const server = createServer(service).listen(0, '127.0.0.1')
await once(server, 'listening')
const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

for (const [what, token] of [
  ["alice's token", tokens.issue('alice', 'admin read')],
  ["bob's token", tokens.issue('bob', 'read')],
  ['a guess', '56ede317-4511-44b4-8579-a08f094ee8c5'],
] as const) {
  const call = createClient({ baseUrl, auth: { token } })
  const response = await call('/foo/bar')
  console.log(`${what}: ${response.status} ${await response.text()}`)
}
console.log(`nothing: ${(await fetch(`${baseUrl}/foo/bar`)).headers.get('www-authenticate')}`)
server.close()
await service.close()
tokens.close()

/*
alice's token: 200 Hello, alice!
bob's token: 403 {"error":"insufficient_scope","scope":"admin"}
a guess: 401 {"error":"unauthorized"}
nothing: Bearer
*/
