import {
  allowWeakSecret,
  either,
  flag,
  number,
  oneOf,
  optional,
  record,
  secret,
  table,
  text,
} from '../core/index.ts'
import { jwsAlgorithmNames } from './jws-algorithms.ts'
import { anything, audienceShape, keyObjectShape } from './validator-config.ts'
import type { KeyObject } from 'node:crypto'
import type { Secret, Shape, Store } from '../core/index.ts'
import type { JwsAlgorithm } from './jws-algorithms.ts'

/** How long an issued token lives unless the configuration says otherwise, in seconds. */
export const expTimeDefaultSeconds = 300

/** What an issued token says. */
export interface IssuerConfig {
  /** `iss`. */
  readonly issuer?: string
  /** `sub`. */
  readonly username?: string
  /** `aud`. */
  readonly audience?: string | readonly string[]
  /** `jti`. */
  readonly jwtId?: string
  /** `kid`, in the header. */
  readonly keyId?: string
  /** Further claims; one of the same name replaces any of the above. */
  readonly customClaims?: Readonly<Record<string, unknown>>
  /** From `iat` to `exp`, in whole seconds; default 300. */
  readonly expTime?: number
  /** `at+jwt` sets the header's `typ` so (RFC 9068); default `JWT`. */
  readonly profile?: 'at+jwt'
  readonly signatureConfig: IssuerSignatureConfig
}

export interface IssuerSignatureConfig {
  /** Default `RS256`. */
  readonly algorithm?: JwsAlgorithm
  /** A private KeyObject, a private key's file, or for HS algorithms the shared secret. */
  readonly config: KeyObject | KeyFile | KeyStoreConfig | string | Secret
  /** Accept a secret that is short or publicly known. */
  readonly [allowWeakSecret]?: boolean
}

/** A private key in a PEM file (PKCS#8, PKCS#1 or SEC1). */
export interface KeyFile {
  readonly keyFile: string
  readonly keyPassword?: string | Secret
}

/** A private key in a PKCS#12 key store; refused at start: such stores are not read yet. */
export interface KeyStoreConfig {
  readonly keyStore: Store
  readonly keyAlias: string
  readonly keyPassword: string | Secret
}

const keyShape: Shape<IssuerSignatureConfig['config']> = either(
  either(keyObjectShape, secret()),
  either(
    record<KeyFile>({ keyFile: text(), keyPassword: optional(secret()) }),
    record<KeyStoreConfig>({
      keyStore: record<Store>({ path: text(), password: text() }),
      keyAlias: text(),
      keyPassword: secret(),
    }),
  ),
)

export const issuerShape: Shape<IssuerConfig> = record<IssuerConfig>({
  issuer: optional(text()),
  username: optional(text()),
  audience: optional(audienceShape),
  jwtId: optional(text()),
  keyId: optional(text()),
  customClaims: optional(table(anything)),
  expTime: optional(number({ min: 1, integer: true, unit: 'seconds' })),
  profile: optional(oneOf('at+jwt')),
  signatureConfig: record<IssuerSignatureConfig>({
    algorithm: optional(oneOf(...jwsAlgorithmNames)),
    config: keyShape,
    [allowWeakSecret]: optional(flag()),
  }),
})
