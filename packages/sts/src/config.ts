import type { ListenerSecureSocket, Secret, allowInsecureListener } from 'barre/core'
import type { DpopConfig, FileUserStoreConfig, LdapUserStoreConfig } from 'barre/listener'
import type { Jwks, JwksConfig, ValidatorConfig } from 'barre/jose'
import type { AuthenticationMethod, GrantType } from './clients/client.ts'
import type { SigningAlgorithm } from './keys/key-types.ts'

/** All of a Secure Token Service's settings. Paths are relative to the working directory. */
export interface StsConfig {
  /** The https origin that clients use, without a trailing slash: the `iss` of the tokens (RFC 8414 §2). */
  readonly issuer: string
  /** The address to listen on; default `127.0.0.1`. */
  readonly host?: string
  /** 0: any free one. */
  readonly port: number
  readonly secureSocket?: ListenerSecureSocket
  /**
   * Addresses or CIDR ranges of the proxies before us. What they say in X-Forwarded-For is the address that limits and
   * the audit know a caller by. What a proxy says of a caller's certificate is never believed.
   */
  readonly trustedProxies?: readonly string[]
  /** Where the PKCS#8 signing keys lie, one PEM file each, mode 0600; the first is made at the first start. */
  readonly keysDirectory?: string
  /** What the keys' files are encrypted with; default: they are not. */
  readonly keysPassword?: string | Secret
  /** In the place of files: a device that the signing keys never leave. */
  readonly pkcs11?: Pkcs11Config
  /** A new signing key is made when the youngest is so old, in days; default: by `barre sts keys rotate` only. */
  readonly keyLifetimeDays?: number
  /** Default: nothing outlives the process, and what would have to is not offered. */
  readonly store?: StoreConfig
  readonly tokens?: TokensConfig
  /** Those of a small installation; more lie in the store (`barre sts client add`). */
  readonly clients?: readonly ClientConfig[]
  /** Who may log in. */
  readonly users?: UsersConfig
  readonly trustedIssuers?: readonly TrustedIssuerConfig[]
  /** What proofs of keys must be that tokens are bound to (RFC 9449); used ones are remembered in the store. */
  readonly dpop?: DpopConfig
  readonly legacy?: LegacyConfig
  /** Absent: clients cannot register themselves. */
  readonly registration?: RegistrationConfig
  readonly limits?: LimitsConfig
  /** Where each issue and refusal is written, one JSON object a line; default: among the log. */
  readonly auditFile?: string
  /**
   * Give the counts and times of `/metrics` to OpenTelemetry too. Needs `@opentelemetry/api`, and an SDK that was
   * registered before.
   */
  readonly openTelemetry?: boolean
  /** A listener of its own for `/metrics`, `/health` and `/ready`, without TLS. */
  readonly admin?: AdminConfig
  readonly [allowInsecureListener]?: boolean
}

/** Signing keys on a PKCS#11 token: an HSM, a smart card, SoftHSM. Needs the `pkcs11js` library. */
export interface Pkcs11Config {
  /** The shared library of the device. */
  readonly module: string
  /** Which token, by its label. */
  readonly tokenLabel: string
  /** Of the user, who may use the keys. */
  readonly pin: string | Secret
  /**
   * The label of the key pairs: exactly it, or with a time and an algorithm behind it, as `barre sts keys rotate` does.
   */
  readonly keyLabel: string
}

/** Where that lies which must outlive the process: one of the two. */
export interface StoreConfig {
  /** One file, for one process; it is made at the first start. */
  readonly sqlite?: { readonly file: string }
  /** For several processes; needs the `pg` library. */
  readonly postgres?: PostgresConfig
}

/** A PostgreSQL data base, whose tables are made at the first start. */
export interface PostgresConfig {
  readonly host: string
  /** Default 5432. */
  readonly port?: number
  readonly database: string
  readonly user: string
  readonly password?: string | Secret
  /** Required off loopback; `cert`: the authority of its certificate, a PEM file. */
  readonly secureSocket?: { readonly cert: string }
}

/** What the tokens are like. */
export interface TokensConfig {
  /** Default `ES256`. */
  readonly algorithm?: SigningAlgorithm
  /** Of access tokens; default 300. */
  readonly lifetimeSeconds?: number
  /** The audiences whose tokens are opaque: they have to ask us what a token says. Needs a `store`. */
  readonly opaqueAudiences?: readonly string[]
  /** Of refresh tokens: a family ends this long after its first token; default 30 days. */
  readonly refreshLifetimeSeconds?: number
  /** A refresh token that is not used for so long ends; default 7 days. */
  readonly refreshIdleSeconds?: number
  /** How long a used refresh token brings its successor again, in case the answer was lost; default 30, 0: never. */
  readonly refreshGraceSeconds?: number
  /** Of authorization codes; default 60. */
  readonly codeLifetimeSeconds?: number
}

/** One client. What a list does not name, the client cannot have. */
export interface ClientConfig {
  readonly clientId: string
  /** What a user reads on the login page; default the clientId. */
  readonly clientName?: string
  /** Default `client_secret_basic`. */
  readonly authenticationMethod?: AuthenticationMethod
  /** The argon2id hash of its secret, in PHC form (`$argon2id$...`); the secret itself is kept nowhere. */
  readonly secretHash?: string
  /** For `private_key_jwt`: its public keys; in the configuration `jwksConfig` may have a URL instead. */
  readonly jwks?: Jwks
  readonly jwksConfig?: JwksConfig
  /** For `private_key_jwt`: `token-endpoint` also takes assertions whose audience is that URL, of older clients. */
  readonly assertionAudience?: 'issuer' | 'token-endpoint'
  /** For `tls_client_auth`: `spiffe://...`, `dns:...`, `cn:...` or `email:...` of its certificate. */
  readonly certificateIdentity?: string
  /** For `self_signed_tls_client_auth`: the SHA-256 of its certificates (DER), in base64url. */
  readonly certificateThumbprints?: readonly string[]
  readonly grants: readonly GrantType[]
  readonly scopes: readonly string[]
  /** The services that its tokens may be for. */
  readonly audiences: readonly string[]
  /** Compared exactly, but for the port of a loopback address (RFC 8252 §7.3). */
  readonly redirectUris?: readonly string[]
  /** The services that this client is: it may ask about their tokens (introspection), and exchange them. */
  readonly serves?: readonly string[]
  /** What it may do in a token exchange beyond acting for the subject. */
  readonly exchange?: ExchangeConfig
  /** Its tokens are bound to a key (RFC 9449): each request must prove one. */
  readonly dpopBound?: boolean
  /** Its tokens are bound to the certificate of its connection (RFC 8705 §3). */
  readonly certificateBound?: boolean
  /** Default that of `tokens`. */
  readonly tokenLifetimeSeconds?: number
  /** The authorization request must have been pushed (RFC 9126). */
  readonly requirePushedRequests?: boolean
}

/** A client's policy for token exchange (RFC 8693); by default it may do none of this. */
export interface ExchangeConfig {
  /** Its tokens do not say who acts. */
  readonly impersonation?: boolean
  /** It may bring the token of another one who acts. */
  readonly actorTokens?: boolean
  /** It may get a token that anybody can use for one that was bound to a key or certificate. */
  readonly unbind?: boolean
}

/** Whose passwords are checked: one of the two. */
export interface UsersConfig {
  readonly fileUserStoreConfig?: FileUserStoreConfig
  readonly ldapUserStoreConfig?: LdapUserStoreConfig
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

/** What is there for old clients only. */
export interface LegacyConfig {
  /** Offer the password grant (RFC 6749 §4.3), by which a client sees its users' passwords. */
  readonly passwordGrant?: boolean
}

/** How clients may register (RFC 7591); all that they get is bounded by the lists. */
export interface RegistrationConfig {
  /** The SHA-256 of the initial access token, in hex; a random one: `openssl rand -hex 32`. */
  readonly accessTokenHash: string
  readonly grants: readonly GrantType[]
  readonly scopes: readonly string[]
  readonly audiences: readonly string[]
}

/** How much is taken from whom. */
export interface LimitsConfig {
  /** Refused requests of one address, and of one client, per minute; default 300. */
  readonly refusalsPerMinute?: number
  /**
   * Login pages that one address opens, and requests that public clients push from it, per minute; default 120. Each
   * is kept until it ends, and nobody has proven anything yet.
   */
  readonly loginsPerMinute?: number
  /** Requests of one client per minute; default unlimited. */
  readonly requestsPerMinute?: number
}

/** Where operators look. */
export interface AdminConfig {
  /** Default `127.0.0.1`. */
  readonly host?: string
  readonly port: number
}
