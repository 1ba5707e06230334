import type { ClientConfiguration, Secret, SharedStore } from '../../core/index.ts'
import type { IssuerSignatureConfig } from '../../jose/index.ts'

/**
 * How the client's id and secret travel: in a Basic header, in the body, or not at all (then `clientId` alone is in
 * the body, and a client certificate or nothing proves it).
 */
export type CredentialBearer = 'AUTH_HEADER_BEARER' | 'POST_BODY_BEARER' | 'NO_BEARER'

/**
 * The client proves itself with a JWT (RFC 7523 §2.2): `private_key_jwt`, or `client_secret_jwt` where the algorithm is
 * an HS one.
 */
export interface ClientAssertionConfig {
  /** The issuer identifier of the authorization server. */
  readonly audience: string
  readonly signatureConfig: IssuerSignatureConfig
  /** `kid`, in the header. */
  readonly keyId?: string
  /** Seconds that an assertion lives; default 60. */
  readonly expTime?: number
}

/** A client at a token endpoint. */
export interface ClientIdentity {
  readonly clientId?: string
  readonly clientSecret?: string | Secret
  /** Default `AUTH_HEADER_BEARER` where there is a secret, else `NO_BEARER`. */
  readonly credentialBearer?: CredentialBearer
  /** In place of a secret. */
  readonly clientAssertion?: ClientAssertionConfig
  /** Further parameters of the request. */
  readonly optionalParams?: Readonly<Record<string, string>>
  /** TLS (with `key`, mutual TLS: RFC 8705), headers, time-outs and a further identity towards the endpoint. */
  readonly clientConfig?: ClientConfiguration
}

/** What all grants can say. */
export interface GrantMembers extends ClientIdentity {
  /** What is asked for, unless a call asks for something else. */
  readonly scopes?: string | readonly string[]
  /** The services that the token is for (RFC 8707): absolute URLs, unless a call names its audience. */
  readonly resource?: string | readonly string[]
  /** How long a token lives whose answer does not say so, in seconds; default 3,600. */
  readonly defaultTokenExpTime?: number
  /** How long before its end a token is no longer sent, in seconds; default 0. */
  readonly clockSkew?: number
  /** Bind tokens to a key that is made for this process, and send proof of it with every call (RFC 9449). */
  readonly dpop?: boolean
  /** Hold one token for all processes that have this configuration, instead of one in each. */
  readonly sharedTokens?: SharedTokensConfig
}

/** Where the processes of a fleet find each other's tokens. */
export interface SharedTokensConfig {
  /** `redisStore(client)` of `barre/redis`, for example. */
  readonly store: SharedStore
  /** 32 bytes in base64, the same in all of them: what is stored is encrypted (AES-256-GCM). */
  readonly encryptionKey: string | Secret
  /**
   * Stands for the configuration, and must be as particular. Only needed where that holds what other processes cannot
   * compare: a signer or a ring of keys.
   */
  readonly name?: string
}

/** RFC 6749 §4.4: a token for the client itself. */
export interface ClientCredentialsGrantConfig extends GrantMembers {
  readonly tokenUrl: string
  readonly clientId: string
}

/** RFC 6749 §4.3. */
export interface PasswordGrantConfig extends GrantMembers {
  readonly tokenUrl: string
  readonly username: string
  readonly password: string | Secret
  /**
   * Renew with the refresh token: at an endpoint of its own, or as the token was obtained, without scopes. Absent:
   * the password is sent again.
   */
  readonly refreshConfig?: RefreshConfig | 'INFER_REFRESH_CONFIG'
}

/** How a password grant's tokens are renewed. */
export interface RefreshConfig {
  readonly refreshUrl: string
  readonly scopes?: string | readonly string[]
  readonly optionalParams?: Readonly<Record<string, string>>
  readonly credentialBearer?: CredentialBearer
  readonly clientConfig?: ClientConfiguration
}

/** RFC 7523 §2.1; a refresh token, where the server gives one, is used for renewal. */
export interface JwtBearerGrantConfig extends GrantMembers {
  readonly tokenUrl: string
  readonly assertion: TokenInput
}

/** RFC 8693. */
export interface TokenExchangeGrantConfig extends GrantMembers {
  readonly tokenUrl: string
  readonly subjectToken: TokenInput
  /** Default `urn:ietf:params:oauth:token-type:access_token`. */
  readonly subjectTokenType?: string
  readonly actorToken?: TokenInput
  /** Default `urn:ietf:params:oauth:token-type:access_token`. */
  readonly actorTokenType?: string
  readonly requestedTokenType?: string
  /** The services that the token is for, by the names that the server knows. */
  readonly audience?: string | readonly string[]
}

/** RFC 6749 §6, with a refresh token that was obtained elsewhere. */
export interface RefreshTokenGrantConfig extends GrantMembers {
  readonly refreshUrl: string
  readonly refreshToken: string | Secret
  readonly clientId: string
}

/** An access token that was obtained elsewhere, and how to get the next one. */
export interface DirectTokenConfig {
  /** Sent until it is refused. */
  readonly accessToken?: string | Secret
  readonly refreshConfig: RefreshTokenGrantConfig
}

/**
 * A token that a grant needs: the token itself, the one that the inbound caller presented, or what a client `auth`
 * record gives (`{ auth: { issuer, audience, signatureConfig } }` signs one for each request).
 */
export type TokenInput = string | Secret | { readonly caller: true } | { readonly auth: unknown }

/** The grants that a `tokenUrl` serves. */
export type TokenUrlGrantConfig =
  | ClientCredentialsGrantConfig
  | PasswordGrantConfig
  | JwtBearerGrantConfig
  | TokenExchangeGrantConfig

export type GrantConfig = TokenUrlGrantConfig | RefreshTokenGrantConfig | DirectTokenConfig
