import { authenticationMethods } from '../clients/client.ts'
import { jwksMaxAgeSeconds } from '../keys/signing-keys.ts'
import {
  authorizePath,
  introspectPath,
  jwksPath,
  metadataPath,
  pushPath,
  registerPath,
  revokePath,
  tokenPath,
} from './paths.ts'
import type { FastifyInstance } from 'fastify'
import type { Jwks } from 'barre/jose'
import type { AuthenticationMethod } from '../clients/client.ts'
import type { Desk } from '../desk.ts'

const cacheControl = `public, max-age=${jwksMaxAgeSeconds}`

/** What others need to know of us: the keys (RFC 7517) and what is offered (RFC 8414). */
export function addMetadataEndpoints(app: FastifyInstance, desk: () => Desk): void {
  app.get(jwksPath, async (_request, reply): Promise<Jwks> => {
    reply.header('cache-control', cacheControl).header('content-type', 'application/jwk-set+json')
    return desk().keys.published()
  })
  app.get(metadataPath, async (_request, reply) => {
    reply.header('cache-control', cacheControl)
    return toMetadata(desk())
  })
}

const byCertificate: readonly AuthenticationMethod[] = ['tls_client_auth', 'self_signed_tls_client_auth']

// RFC 8414 §2: what a private_key_jwt may be signed with.
const assertionAlgorithms = ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

function toMetadata({ issuer, grants, config, isDurable, dpop }: Desk): object {
  const hasCertificates = config.secureSocket?.mutualSsl !== undefined
  const hasCodes = grants.has('authorization_code')
  const methods = authenticationMethods.filter(
    (method) =>
      (hasCertificates || !byCertificate.includes(method)) &&
      // Only a program that gets codes may be a client without a proof.
      (hasCodes || method !== 'none'),
  )
  const provable = methods.filter((method) => method !== 'none')
  return {
    issuer,
    token_endpoint: issuer + tokenPath,
    jwks_uri: issuer + jwksPath,
    dpop_signing_alg_values_supported: dpop.algorithms,
    response_types_supported: hasCodes ? ['code'] : [],
    grant_types_supported: [...grants.keys()],
    token_endpoint_auth_methods_supported: methods,
    token_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    introspection_endpoint: issuer + introspectPath,
    introspection_endpoint_auth_methods_supported: provable,
    introspection_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    introspection_signing_alg_values_supported: [config.tokens?.algorithm ?? 'ES256'],
    ...(isDurable && {
      revocation_endpoint: issuer + revokePath,
      revocation_endpoint_auth_methods_supported: methods,
      revocation_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    }),
    ...(hasCodes && {
      authorization_endpoint: issuer + authorizePath,
      pushed_authorization_request_endpoint: issuer + pushPath,
      response_modes_supported: ['query'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    }),
    ...(config.registration && { registration_endpoint: issuer + registerPath }),
    ...(hasCertificates && { tls_client_certificate_bound_access_tokens: true }),
  }
}
