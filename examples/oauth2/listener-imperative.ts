// The same service, asking for itself who is calling and whether they may.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { introspection } from 'barre/listener'
import { startTokenServer } from './token-server.ts'

const tokens = await startTokenServer()
const provider = introspection({
  url: tokens.introspectUrl,
  audience: 'foo',
  tokenTypeHint: 'access_token',
  scopeKey: 'scp',
  clientConfig: { customHeaders: { authorization: 'Basic YWRtaW46YWRtaW4=' } },
})

async function bar(authorization = ''): Promise<readonly [number, string]> {
  const user = await provider.authorize(authorization, 'admin')
  if (user.ok) return [200, `Hello, ${user.value.username}!`]
  return user.denial.code === 'insufficient_scope' ? [403, 'Forbidden'] : [401, 'Unauthorized']
}

const server = createServer((request, response) => {
  void bar(request.headers.authorization).then(([status, text]) =>
    response.writeHead(status, { 'content-type': 'text/plain' }).end(text),
  )
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/foo/bar`

for (const [what, token] of [
  ["alice's token", tokens.issue('alice', 'admin read')],
  ["bob's token", tokens.issue('bob', 'read')],
  ['a guess', '56ede317-4511-44b4-8579-a08f094ee8c5'],
] as const) {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  console.log(`${what}: ${response.status} ${await response.text()}`)
}
server.close()
await provider.close?.()
tokens.close()

/*
alice's token: 200 Hello, alice!
bob's token: 403 Forbidden
a guess: 401 Unauthorized
*/
