import type { CertKey } from 'barre/core'
import { createClient } from 'barre/fetch'
import { protect } from 'barre/http'
import { backend } from './authorization-server.ts'
import { idTokens } from './identity-provider.ts'
import type { IdentityProvider } from './identity-provider.ts'
import { listen } from './listen.ts'
import type { Running } from './listen.ts'

/** What the web site and the mobile app call: it asks the gateway, as itself or for the user. */
export async function startAppBackend(
  key: CertKey,
  caFile: string,
  users: IdentityProvider,
  at: { readonly authorizationServer: string; readonly gateway: string },
): Promise<Running> {
  const secureSocket = { cert: caFile }
  const grant = {
    ...backend,
    tokenUrl: `${at.authorizationServer}/oauth2/token`,
    scopes: ['customer'],
    clientConfig: { secureSocket },
  }
  const asItself = createClient({ baseUrl: at.gateway, secureSocket, auth: grant })
  const forTheUser = createClient({
    baseUrl: at.gateway,
    secureSocket,
    auth: { ...grant, assertion: { caller: true as const } },
  })
  const service = protect(
    {
      auth: [{ jwtValidatorConfig: { ...idTokens, signatureConfig: { certFile: users.publicKey } } }],
      resources: { 'GET /order/web': false, 'GET /order/mobile': true },
    },
    async (request, response, { principal }) => {
      const id = new URL(request.url ?? '', 'https://backend').searchParams.get('orderId') ?? ''
      const path = `/order/${encodeURIComponent(id)}`
      const answer =
        principal === undefined
          ? await asItself(path)
          : await forTheUser(path, { caller: { principal, headers: request.headers } })
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
    },
  )
  return listen(key, service, () => Promise.all([service.close(), asItself.close(), forTheUser.close()]))
}
