import type { ClientAuth } from 'oauth4webapi'
import { ConfigError, Secret } from '../../core/index.ts'
import type { Services } from '../../core/index.ts'
import { createIssuer } from '../../jose/index.ts'
import type { ClientAssertionConfig, ClientIdentity } from './config.ts'

/** Seconds. */
const assertionLifetimeDefault = 60

/** How a client proves itself at a token endpoint (RFC 6749 §2.3, RFC 7523 §2.2). Throws ConfigError. */
export function clientAuthentication(config: ClientIdentity, services: Services, path: string): ClientAuth {
  const { clientId, clientSecret, clientAssertion } = config
  const bearer = config.credentialBearer ?? (clientSecret === undefined ? 'NO_BEARER' : 'AUTH_HEADER_BEARER')
  if (clientAssertion !== undefined) {
    if (clientSecret !== undefined || config.credentialBearer !== undefined) {
      throw new ConfigError(`${path}.clientAssertion`, 'takes the place of clientSecret and credentialBearer')
    }
    return assertion(clientAssertion, required(clientId, `${path}.clientId`), services, path)
  }
  if (bearer === 'NO_BEARER') {
    if (clientSecret !== undefined) {
      throw new ConfigError(`${path}.clientSecret`, 'NO_BEARER never sends it; remove one of the two')
    }
    return clientId === undefined ? () => undefined : inBody({ client_id: clientId })
  }
  const id = required(clientId, `${path}.clientId`)
  const secret = revealed(required(clientSecret, `${path}.clientSecret`))
  if (bearer === 'POST_BODY_BEARER') return inBody({ client_id: id, client_secret: secret })
  if (config.clientConfig?.auth !== undefined) {
    throw new ConfigError(
      `${path}.clientConfig.auth`,
      'would replace the header that has the client secret; use POST_BODY_BEARER',
    )
  }
  const value = `Basic ${Buffer.from(`${formEncode(id)}:${formEncode(secret)}`).toString('base64')}`
  return (_server, _client, _body, headers) => headers.set('authorization', value)
}

function inBody(parameters: Readonly<Record<string, string>>): ClientAuth {
  return (_server, _client, body) => {
    for (const [name, value] of Object.entries(parameters)) body.set(name, value)
  }
}

function assertion(
  config: ClientAssertionConfig,
  clientId: string,
  services: Services,
  path: string,
): ClientAuth {
  const { audience, signatureConfig, keyId, expTime = assertionLifetimeDefault } = config
  const named = { issuer: clientId, username: clientId, audience, expTime, signatureConfig }
  const rules = { ...named, ...(keyId !== undefined && { keyId }) }
  const issuer = createIssuer(rules, services, `${path}.clientAssertion`)
  return async (_server, _client, body) => {
    const jti = Buffer.from(services.random(16)).toString('hex')
    body.set('client_id', clientId)
    body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    body.set('client_assertion', await issuer.issue({ claims: { jti } }))
  }
}

/**
 * RFC 6749 §2.3.1 and Appendix B. Letters, digits and `-._*` stand for themselves, so that servers which do not decode
 * take the usual identifiers too.
 */
function formEncode(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1)
}

function required<T>(value: T | undefined, path: string): T {
  if (value !== undefined) return value
  throw new ConfigError(path, 'required to prove the client, but absent')
}

export function revealed(value: string | Secret): string {
  return value instanceof Secret ? value.reveal() : value
}
