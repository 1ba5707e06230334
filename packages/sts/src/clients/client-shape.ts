import { flag, list, number, oneOf, optional, record, text } from 'barre/core'
import { validatorMembers } from 'barre/jose'
import { isScope } from '../tokens/narrow.ts'
import { textThat } from '../text-that.ts'
import { authenticationMethods, grantTypes } from './client.ts'
import { isRedirectUri } from './redirect-uri.ts'
import type { Shape } from 'barre/core'
import type { Jwk, Jwks } from 'barre/jose'
import type { ClientConfig, ExchangeConfig } from '../config.ts'

/** The longest lifetime of an access token: a day. */
export const lifetimeMaxSeconds = 86_400

export const scopesShape: Shape<readonly string[]> = list(textThat(isScope, 'one scope, without a space'))

const jwkShape: Shape<Jwk> = { check: (value) => value as Jwk, json: {} }

/** Those of a token validator, whose shape has no name of its own. */
const jwksConfigShape: Shape<NonNullable<ClientConfig['jwksConfig']>> = {
  check(value, path) {
    const checked = validatorMembers.signatureConfig.check({ jwksConfig: value }, path)
    return checked.jwksConfig ?? {}
  },
  json: { type: 'object' },
}

/** One client, of the configuration or of the store. */
export const clientShape: Shape<ClientConfig> = record<ClientConfig>({
  // RFC 6749 appendix A.1: printable ASCII.
  clientId: textThat((id) => /^[\x20-\x7e]{1,256}$/.test(id), 'at most 256 printable ASCII characters'),
  clientName: optional(textThat((name) => /^\P{Cc}{1,200}$/u.test(name), 'at most 200 characters')),
  authenticationMethod: optional(oneOf(...authenticationMethods)),
  secretHash: optional(text('argon2id, in PHC form')),
  jwks: optional(record<Jwks>({ keys: list(jwkShape, 1) })),
  jwksConfig: optional(jwksConfigShape),
  assertionAudience: optional(oneOf('issuer', 'token-endpoint')),
  certificateIdentity: optional(text('spiffe://..., dns:..., cn:... or email:...')),
  certificateThumbprints: optional(
    list(
      textThat((hash) => /^[\w-]{43}$/.test(hash), 'a SHA-256 in base64url'),
      1,
    ),
  ),
  grants: list(oneOf(...grantTypes)),
  scopes: scopesShape,
  audiences: list(text()),
  redirectUris: optional(
    list(
      textThat(
        isRedirectUri,
        'an https URI, an http one of loopback, or one of a private scheme, without a fragment',
      ),
    ),
  ),
  serves: optional(list(text())),
  exchange: optional(
    record<ExchangeConfig>({
      impersonation: optional(flag()),
      actorTokens: optional(flag()),
      unbind: optional(flag()),
    }),
  ),
  dpopBound: optional(flag()),
  certificateBound: optional(flag()),
  tokenLifetimeSeconds: optional(number({ min: 1, max: lifetimeMaxSeconds, unit: 'seconds', integer: true })),
  requirePushedRequests: optional(flag()),
})
