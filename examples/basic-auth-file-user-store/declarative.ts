// A service that lets in whom a file of users knows, stated as data; and a client that logs in.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import { createClient } from 'barre/fetch'
import { protect } from 'barre/http'

const service = protect(
  {
    auth: [{ fileUserStoreConfig: { path: join(import.meta.dirname, 'users.toml') }, scopes: ['admin'] }],
    resources: { 'GET /foo/bar': true },
  },
  (_request, response, { principal }) => response.end(`Hello, ${principal?.username}!`),
)
const server = createServer(service).listen(0, '127.0.0.1')
await once(server, 'listening')
const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

for (const auth of [
  { username: 'alice', password: 'alice@123' },
  { username: 'bob', password: 'bob@123' },
  { username: 'alice', password: 'guess' },
]) {
  const call = createClient({ baseUrl, auth })
  const response = await call('/foo/bar')
  console.log(`${auth.username} with ${auth.password}: ${response.status} ${await response.text()}`)
}
console.log(`nobody: ${(await fetch(`${baseUrl}/foo/bar`)).headers.get('www-authenticate')}`)
server.close()

/*
alice with alice@123: 200 Hello, alice!
bob with bob@123: 403 {"error":"insufficient_scope","scope":"admin"}
alice with guess: 401 {"error":"unauthorized"}
nobody: Basic realm="barre", charset="UTF-8"
*/
