// The same service, asking for itself who is calling and whether they may; and a client that adds its own header.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basic } from 'barre/client'
import { enrich } from 'barre/fetch'
import { handler } from 'barre/http'
import { fileUserStore } from 'barre/listener'

const store = fileUserStore({ path: join(import.meta.dirname, 'users.toml') })
const users = handler(store)

async function bar(request: IncomingMessage): Promise<readonly [number, string]> {
  const user = await users.authenticate(request)
  if (!user.ok) return [401, 'Unauthorized']
  if (users.authorize(user.value, 'admin') !== undefined) return [403, 'Forbidden']
  return [200, `Hello, ${user.value.username}!`]
}

const server = createServer((request, response) => {
  void bar(request).then(([status, text]) => response.writeHead(status).end(text))
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/foo/bar`

for (const config of [
  { username: 'alice', password: 'alice@123' },
  { username: 'bob', password: 'bob@123' },
  { username: 'alice', password: 'guess' },
]) {
  const response = await fetch(url, { headers: await enrich({}, basic(config)) })
  console.log(`${config.username} with ${config.password}: ${response.status} ${await response.text()}`)
}
server.close()
await store.close?.()

/*
alice with alice@123: 200 Hello, alice!
bob with bob@123: 403 Forbidden
alice with guess: 401 Unauthorized
*/
