import { authenticationMethods } from '../clients/client.ts'
import { tokenPath } from './token.ts'
import type { FastifyInstance } from 'fastify'
import type { Jwk } from 'barre/jose'
import type { SigningKeys } from '../keys/signing-keys.ts'

export const jwksPath = '/oauth2/jwks'

/** How long others may keep the keys and the metadata. A key must be published this long before it signs. */
const publishedMaxAgeSeconds = 300

const cacheControl = `public, max-age=${publishedMaxAgeSeconds}`

/** What others need to know of us: the keys (RFC 7517) and what is offered (RFC 8414). */
export function addMetadataEndpoints(
  app: FastifyInstance,
  issuer: string,
  grantTypes: readonly string[],
  keys: SigningKeys,
): void {
  app.get(jwksPath, async (_request, reply): Promise<{ keys: readonly Jwk[] }> => {
    reply.header('cache-control', cacheControl).header('content-type', 'application/jwk-set+json')
    return { keys: keys.published() }
  })
  const metadata = {
    issuer,
    token_endpoint: issuer + tokenPath,
    jwks_uri: issuer + jwksPath,
    // RFC 8414 §2 requires the member; there is no authorization endpoint.
    response_types_supported: [],
    grant_types_supported: grantTypes,
    token_endpoint_auth_methods_supported: authenticationMethods,
  }
  app.get('/.well-known/oauth-authorization-server', async (_request, reply) => {
    reply.header('cache-control', cacheControl)
    return metadata
  })
}
