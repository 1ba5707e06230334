// A client that adds its token to each request by itself; the token is still fetched, kept and renewed for it.
import { bearer, oauth2 } from 'barre/client'
import { enrich } from 'barre/fetch'
import { startService } from './service.ts'
import { client, startTokenServer } from './token-server.ts'

const tokens = await startTokenServer()
const service = await startService(tokens)

for (const [what, source] of [
  ['a token', bearer({ token: tokens.issue('alice', 'admin') })],
  ['client credentials', oauth2({ tokenUrl: tokens.tokenUrl, ...client, scopes: 'admin' })],
  ['a token without the scope', oauth2({ tokenUrl: tokens.tokenUrl, ...client })],
] as const) {
  const headers = await enrich({}, source)
  const response = await fetch(`${service.baseUrl}/foo/bar`, { method: 'POST', headers })
  console.log(`${what}: ${response.status} ${await response.text()}`)
  await source.close?.()
}
await service.close()
tokens.close()

/*
a token: 200 Hello, alice!
client credentials: 200 Hello, the client itself!
a token without the scope: 403 {"error":"insufficient_scope","scope":"admin"}
*/
