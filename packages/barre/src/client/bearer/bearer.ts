import { ConfigError, ok, record, Secret, secret } from '../../core/index.ts'
import type { CredentialSource, Outgoing, SourceKind } from '../../core/index.ts'

/** A token that somebody else obtained. It is sent as it is, and never renewed. */
export interface BearerTokenConfig {
  readonly token: string | Secret
}

// RFC 6750 §2.1: b64token. Anything else could smuggle a second header field.
const b64token = /^[A-Za-z0-9\-._~+/]+=*$/

/** `auth: { token }` */
export const bearerKind: SourceKind<'token', BearerTokenConfig> = {
  key: 'token',
  shape: record<BearerTokenConfig>({ token: secret() }),
  create(config, _services, path) {
    const token = typeof config.token === 'string' ? new Secret(config.token) : config.token
    if (!b64token.test(token.reveal())) {
      throw new ConfigError(
        `${path}.token`,
        'expected a token without its scheme: letters, digits and -._~+/=',
      )
    }
    const outgoing: Outgoing = Object.freeze({ kind: 'token', scheme: 'Bearer', token })
    return { credential: () => ok(outgoing) } satisfies CredentialSource
  },
}
