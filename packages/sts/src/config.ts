import {
  ConfigError,
  allowInsecureListener,
  either,
  flag,
  isSecureUrl,
  list,
  listenerSecureSocketShape,
  number,
  oneOf,
  optional,
  record,
  text,
} from 'barre/core'
import { scopeKeyShape } from 'barre/listener'
import { validatorMembers } from 'barre/jose'
import { authenticationMethods, grantTypes } from './clients/client.ts'
import { isScope } from './tokens/narrow.ts'
import { signingAlgorithms } from './keys/signing-keys.ts'
import type { ListenerSecureSocket, Shape } from 'barre/core'
import type { ValidatorConfig } from 'barre/jose'
import type { AuthenticationMethod, GrantType } from './clients/client.ts'
import type { SigningAlgorithm } from './keys/signing-keys.ts'

/** All of a Secure Token Service's settings. Paths are relative to the working directory. */
export interface StsConfig {
  /** The https origin that clients use, without a trailing slash: the `iss` of the tokens (RFC 8414 §2). */
  readonly issuer: string
  /** The address to listen on; default `127.0.0.1`. */
  readonly host?: string
  /** 0: any free one. */
  readonly port: number
  readonly secureSocket?: ListenerSecureSocket
  /** Where the PKCS#8 signing keys lie, one PEM file each, mode 0600; the first is made at the first start. */
  readonly keysDirectory: string
  readonly tokens?: TokensConfig
  readonly clients: readonly ClientConfig[]
  readonly trustedIssuers?: readonly TrustedIssuerConfig[]
  readonly [allowInsecureListener]?: boolean
}

/** What the access tokens are like. */
export interface TokensConfig {
  /** Default `ES256`. */
  readonly algorithm?: SigningAlgorithm
  /** Default 300. */
  readonly lifetimeSeconds?: number
}

/** One client. What a list does not name, the client cannot have. */
export interface ClientConfig {
  readonly clientId: string
  /** The argon2id hash of its secret, in PHC form (`$argon2id$...`); the secret itself is kept nowhere. */
  readonly secretHash: string
  /** Default `client_secret_basic`. */
  readonly authenticationMethod?: AuthenticationMethod
  readonly grants: readonly GrantType[]
  readonly scopes: readonly string[]
  /** The services that its tokens may be for. */
  readonly audiences: readonly string[]
}

/** An outside issuer whose tokens may be exchanged for ours. */
export interface TrustedIssuerConfig {
  readonly jwtValidatorConfig: SubjectTokenConfig
  /** Put before its subjects' names, to tell them from those of other issuers; required as soon as there are two. */
  readonly subjectPrefix?: string
  /** The claims about the subject that are carried over; default none. */
  readonly claims?: readonly string[]
}

/** How an outside issuer's tokens are checked. Who it is, and how it names us, must be said. */
export interface SubjectTokenConfig extends ValidatorConfig {
  readonly issuer: string
  readonly audience: string | readonly string[]
  /** The claim that holds the scopes: a name, or a JSON pointer; default `scope`. */
  readonly scopeKey?: string
}

/** Text of a narrower kind. */
function textThat(is: (value: string) => boolean, expected: string): Shape<string> {
  const plain = text(expected)
  return {
    check(value, path) {
      const checked = plain.check(value, path)
      if (is(checked)) return checked
      throw new ConfigError(path, `expected ${expected}`)
    },
    json: plain.json,
  }
}

/** The longest token lifetime: a day. */
const lifetimeMaxSeconds = 86_400

const clientShape = record<ClientConfig>({
  // RFC 6749 appendix A.1: printable ASCII.
  clientId: textThat((id) => /^[\x20-\x7e]{1,256}$/.test(id), 'at most 256 printable ASCII characters'),
  secretHash: text('argon2id, in PHC form'),
  authenticationMethod: optional(oneOf(...authenticationMethods)),
  grants: list(oneOf(...grantTypes), 1),
  scopes: list(textThat(isScope, 'one scope, without a space')),
  audiences: list(text(), 1),
})

const trustedIssuerShape = record<TrustedIssuerConfig>({
  jwtValidatorConfig: record<SubjectTokenConfig>({
    ...validatorMembers,
    issuer: text(),
    audience: either(text(), list(text(), 1)),
    scopeKey: optional(scopeKeyShape),
  }),
  subjectPrefix: optional(text()),
  claims: optional(list(text())),
})

/** Checks every field of a StsConfig; its `json` is the JSON Schema for editors. */
export const stsShape: Shape<StsConfig> = record<StsConfig>({
  issuer: textThat(isOrigin, 'an https origin, such as https://sts.example.com, without a trailing slash'),
  host: optional(text()),
  port: number({ max: 65_535, integer: true }),
  secureSocket: optional(listenerSecureSocketShape),
  keysDirectory: text(),
  tokens: optional(
    record<TokensConfig>({
      algorithm: optional(oneOf(...signingAlgorithms)),
      lifetimeSeconds: optional(number({ min: 1, max: lifetimeMaxSeconds, unit: 'seconds', integer: true })),
    }),
  ),
  clients: list(clientShape, 1),
  trustedIssuers: optional(list(trustedIssuerShape)),
  [allowInsecureListener]: optional(flag()),
})

function isOrigin(value: string): boolean {
  const url = URL.parse(value)
  return url !== null && url.origin === value && isSecureUrl(url)
}
