// The service that the clients of the examples call: whoever has a token with the scope `admin` is let in.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { protect } from 'barre/http'
import type { TokenServer } from './token-server.ts'

export async function startService(
  tokens: TokenServer,
): Promise<{ readonly baseUrl: string; close(): Promise<void> }> {
  const clientConfig = { customHeaders: { authorization: 'Basic YWRtaW46YWRtaW4=' } }
  const oauth2IntrospectionConfig = {
    url: tokens.introspectUrl,
    audience: 'foo',
    scopeKey: 'scp',
    clientConfig,
  }
  const service = protect(
    { auth: [{ oauth2IntrospectionConfig, scopes: 'admin' }], resources: { 'POST /foo/bar': true } },
    (_request, response, { principal }) => response.end(`Hello, ${principal?.username}!`),
  )
  const server = createServer(service).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close()
      await service.close()
    },
  }
}
