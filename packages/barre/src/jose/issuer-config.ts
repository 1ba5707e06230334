import {
  allowWeakSecret,
  either,
  flag,
  instance,
  number,
  oneOf,
  optional,
  record,
  secret,
  table,
  text,
} from '../core/index.ts'
import { isSigner } from './key.ts'
import { isKeyRing } from './key-ring.ts'
import { jwsAlgorithmNames } from './jws-algorithms.ts'
import { keyObjectShape } from './key-object-shape.ts'
import { encryptionShape } from './nested-config.ts'
import { anything, audienceShape } from './validator-config.ts'
import type { KeyObject } from 'node:crypto'
import type { Secret, Shape, Store } from '../core/index.ts'
import type { Signer } from './key.ts'
import type { EncryptionConfig } from './nested-config.ts'
import type { KeyRing } from './key-ring.ts'
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
  /** Encrypt the signed token for its reader (a nested JWT). */
  readonly encryptionConfig?: EncryptionConfig
}

export interface IssuerSignatureConfig {
  /** Default `RS256`, or the signer's own. */
  readonly algorithm?: JwsAlgorithm
  /**
   * A private KeyObject, a private key's file, or for HS algorithms the shared secret; a signer of a key that lives
   * elsewhere, or a ring of keys that rotate.
   */
  readonly config: KeyObject | Signer | KeyRing | KeyFile | KeyStoreConfig | string | Secret
  /** Accept a secret that is short or publicly known. */
  readonly [allowWeakSecret]?: boolean
}

/** A private key in a PEM file (PKCS#8, PKCS#1 or SEC1). */
export interface KeyFile {
  readonly keyFile: string
  readonly keyPassword?: string | Secret
}

/** A private key in a PKCS#12 or JKS key store. */
export interface KeyStoreConfig {
  readonly keyStore: Store
  readonly keyAlias: string
  readonly keyPassword: string | Secret
}

/** A signer or a ring that code has made. */
const signerShape: Shape<Signer> = instance('a Signer', isSigner)
const keyRingShape: Shape<KeyRing> = instance('a KeyRing', isKeyRing)

const keyShape: Shape<IssuerSignatureConfig['config']> = either(
  either(either(keyObjectShape, either(signerShape, keyRingShape)), secret()),
  either(
    record<KeyFile>({ keyFile: text(), keyPassword: optional(secret()) }),
    record<KeyStoreConfig>({
      keyStore: record<Store>({ path: text(), password: text() }),
      keyAlias: text(),
      keyPassword: secret(),
    }),
  ),
)

export const issuerSignatureShape: Shape<IssuerSignatureConfig> = record<IssuerSignatureConfig>({
  algorithm: optional(oneOf(...jwsAlgorithmNames)),
  config: keyShape,
  [allowWeakSecret]: optional(flag()),
})

export const issuerShape: Shape<IssuerConfig> = record<IssuerConfig>({
  issuer: optional(text()),
  username: optional(text()),
  audience: optional(audienceShape),
  jwtId: optional(text()),
  keyId: optional(text()),
  customClaims: optional(table(anything)),
  expTime: optional(number({ min: 1, integer: true, unit: 'seconds' })),
  profile: optional(oneOf('at+jwt')),
  signatureConfig: issuerSignatureShape,
  encryptionConfig: optional(encryptionShape),
})
