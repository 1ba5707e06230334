import type { CertKey } from 'barre/core'
import { protect } from 'barre/http'
import { introspector } from './authorization-server.ts'
import { listen } from './listen.ts'
import type { Running } from './listen.ts'

const order = {
  name: 'Sample order',
  items: [
    { category: 'electronics', code: 'SOWH1000XM4', qty: 2 },
    { category: 'books', code: '978-1617295959', qty: 1 },
  ],
}

/** Has the orders; shows one to who has the scope `customer`. */
export async function startApiGateway(
  key: CertKey,
  caFile: string,
  authorizationServer: string,
): Promise<Running> {
  const service = protect(
    {
      auth: [
        {
          oauth2IntrospectionConfig: {
            url: `${authorizationServer}/oauth2/introspect`,
            audience: 'orders',
            tokenTypeHint: 'access_token',
            scopeKey: 'scope',
            cacheConfig: { capacity: 10, evictionFactor: 0.25, evictionPolicy: 'LRU', defaultMaxAge: -1 },
            clientConfig: {
              customHeaders: { authorization: introspector },
              secureSocket: { cert: caFile },
            },
          },
          scopes: ['customer'],
        },
      ],
      resources: { 'GET /order/:id': true },
    },
    (_request, response, { params, principal }) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ id: params['id'], ...order, shownTo: principal?.username }))
    },
  )
  return listen(key, service, () => service.close())
}
