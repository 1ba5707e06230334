import {
  allowWeakSecret,
  clientConfigurationShape,
  described,
  either,
  exactlyOne,
  flag,
  hinted,
  instance,
  list,
  number,
  oneOf,
  optional,
  record,
  secret,
  table,
  text,
} from '../core/index.ts'
import { keyCacheShape, tokenCacheShape } from './cache-config.ts'
import { jwsAlgorithmNames } from './jws-algorithms.ts'
import { isVerificationKey } from './key.ts'
import { keyObjectShape } from './key-object-shape.ts'
import { decryptionShape } from './nested-config.ts'
import type { KeyObject } from 'node:crypto'
import type { ClientConfiguration, Members, Secret, Shape } from '../core/index.ts'
import type { CacheConfig } from './cache-config.ts'
import type { Jwk, Jwks } from './jwk.ts'
import type { VerificationKey } from './key.ts'
import type { JwsAlgorithm } from './jws-algorithms.ts'
import type { DecryptionConfig } from './nested-config.ts'

/** The largest tolerated difference between our clock and an issuer's, in seconds. */
export const clockSkewMaxSeconds = 300
export const clockSkewDefaultSeconds = 10

/** What a token must be to be accepted. */
export interface ValidatorConfig {
  /** The `iss` that tokens must have, compared exactly. */
  readonly issuer?: string
  /** The `sub` that tokens must have. */
  readonly username?: string
  /** Our names: one of them must be in `aud`. `false` accepts tokens meant for anybody. */
  readonly audience: string | readonly string[] | false
  /** The `jti` that tokens must have. */
  readonly jwtId?: string
  /** The `kid` that tokens must have. */
  readonly keyId?: string
  /** Claims that tokens must have, with these values (deep equality). */
  readonly customClaims?: Readonly<Record<string, unknown>>
  /** Tolerance for `exp`, `nbf` and `iat`, in seconds; default 10, at most 300. */
  readonly clockSkew?: number
  /** Default true: a token without `exp` is refused. */
  readonly requireExp?: boolean
  /** The longest time from `iat` to `exp`, in seconds; both are then required. */
  readonly maxTokenLifetimeSeconds?: number
  /**
   * `at+jwt`: only access tokens that say so in `typ` and have all that RFC 9068 asks for; `issuer` and `audience` are
   * then required. Default: `typ` absent, `JWT` or `at+jwt`.
   */
  readonly profile?: 'at+jwt'
  /** The algorithms to accept; default: all that the configured key may be used with. */
  readonly algorithms?: readonly JwsAlgorithm[]
  /** How signatures are checked. */
  readonly signatureConfig: ValidatorSignatureConfig
  /** Tokens are signed, then encrypted for us; any other token is refused. Default: tokens are signed. */
  readonly decryptionConfig?: DecryptionConfig
  /** Bounds the memory of verified tokens. */
  readonly cacheConfig?: CacheConfig
}

/** Exactly one way to check signatures; `[allowWeakSecret]` belongs to `secret`. */
export interface ValidatorSignatureConfig {
  readonly jwksConfig?: JwksConfig
  /** PEM file with a certificate or a public key, or a public KeyObject. */
  readonly certFile?: string | KeyObject
  /** A certificate in a PKCS#12 or JKS store, which must be valid now. */
  readonly trustStoreConfig?: TrustStoreConfig
  /** The shared secret of HS256, HS384 and HS512. */
  readonly secret?: string | Secret
  /** Keys that the import functions of `barre/jose` have made. */
  readonly keys?: readonly VerificationKey[]
  /** Accept a secret that is short or publicly known. */
  readonly [allowWeakSecret]?: boolean
}

/** Where the keys are published: one of `url`, `file`, `jwks`. */
export interface JwksConfig {
  readonly url?: string
  /** A JSON file with the set. */
  readonly file?: string
  /** The set itself. */
  readonly jwks?: Jwks
  /**
   * For `url`: `capacity` is the most keys of a set, `defaultMaxAge` the seconds that they serve without being
   * fetched anew.
   */
  readonly cacheConfig?: CacheConfig
  /**
   * For `url`: TLS and identity towards the endpoint. Its time-outs can shorten the five seconds of an
   * exchange, not lengthen them.
   */
  readonly clientConfig?: ClientConfiguration
}

/** A certificate in a trust store. */
export interface TrustStoreConfig {
  readonly trustStore: { readonly path: string; readonly password: string }
  readonly certAlias: string
}

/** Any JSON value; what it means is checked where it is used. */
export const anything: Shape<unknown> = { check: (value) => value, json: {} }

const jwksMembers: Shape<JwksConfig> = record<JwksConfig>({
  url: optional(text()),
  file: optional(text()),
  jwks: optional(record<Jwks>({ keys: list(anything as Shape<Jwk>) })),
  cacheConfig: optional(keyCacheShape),
  clientConfig: optional(clientConfigurationShape),
})

const jwksConfigShape = described(jwksMembers, exactlyOne('url', 'file', 'jwks'))

const keysShape: Shape<readonly VerificationKey[]> = instance(
  'a list of keys from importVerificationKey',
  (value): value is readonly VerificationKey[] =>
    Array.isArray(value) && value.length > 0 && value.every(isVerificationKey),
)

const signatureMembers: Shape<ValidatorSignatureConfig> = record<ValidatorSignatureConfig>({
  jwksConfig: optional(jwksConfigShape),
  certFile: optional(either(text(), keyObjectShape)),
  trustStoreConfig: optional(
    record<TrustStoreConfig>({
      trustStore: record<TrustStoreConfig['trustStore']>({ path: text(), password: text() }),
      certAlias: text(),
    }),
  ),
  secret: optional(secret()),
  keys: optional(keysShape),
  [allowWeakSecret]: optional(flag()),
})

const signatureShape = described(
  signatureMembers,
  exactlyOne('jwksConfig', 'certFile', 'trustStoreConfig', 'secret'),
)

export const audienceShape: Shape<string | readonly string[]> = either(text(), list(text(), 1))

/** The members, for configurations that add to them. */
export const validatorMembers: Members<ValidatorConfig> = {
  issuer: optional(text()),
  username: optional(text()),
  audience: hinted(
    either(audienceShape, oneOf(false)),
    'the name of this service in aud, or false for tokens meant for anybody',
  ),
  jwtId: optional(text()),
  keyId: optional(text()),
  customClaims: optional(table(anything)),
  clockSkew: optional(number({ max: clockSkewMaxSeconds, unit: 'seconds' })),
  requireExp: optional(flag()),
  maxTokenLifetimeSeconds: optional(number({ min: 1, unit: 'seconds' })),
  profile: optional(oneOf('at+jwt')),
  algorithms: optional(list(oneOf(...jwsAlgorithmNames), 1)),
  signatureConfig: signatureShape,
  decryptionConfig: optional(decryptionShape),
  cacheConfig: optional(tokenCacheShape),
}

export const validatorShape: Shape<ValidatorConfig> = record<ValidatorConfig>(validatorMembers)
