import { either, list, oneOf, optional, record, secret, text } from '../core/index.ts'
import { jweEncryptionNames } from './jwe/content-encryption.ts'
import { jweAlgorithmNames, keyManagements } from './jwe/key-management.ts'
import { keyObjectShape } from './key-object-shape.ts'
import type { KeyObject } from 'node:crypto'
import type { Secret, Shape } from '../core/index.ts'
import type { JweEncryption } from './jwe/content-encryption.ts'
import type { JweAlgorithm } from './jwe/key-management.ts'

/** The algorithms of nested tokens: neither passwords nor what is read only for old partners. */
export type NestedAlgorithm = Exclude<JweAlgorithm, 'RSA1_5' | `PBES2-${string}`>

const nestedAlgorithms = jweAlgorithmNames.filter(
  (name): name is NestedAlgorithm => !keyManagements[name].legacy && !keyManagements[name].password,
)

/** Tokens that are signed, then encrypted for us (RFC 7519 Appendix A.2). */
export interface DecryptionConfig {
  readonly algorithm: NestedAlgorithm
  /** A private or shared KeyObject, or a private key's PEM file. */
  readonly config: KeyObject | { readonly keyFile: string; readonly keyPassword?: string | Secret }
  /** The content encryptions to accept; default: all. */
  readonly encryptions?: readonly JweEncryption[]
}

/** For whom a token is encrypted once it is signed. */
export interface EncryptionConfig {
  readonly algorithm: NestedAlgorithm
  /** Default `A256GCM`. */
  readonly encryption?: JweEncryption
  /** The reader's key: a public or shared KeyObject, or a PEM file with a certificate or public key. */
  readonly config: KeyObject | { readonly certFile: string }
  /** `kid`, in the outer header. */
  readonly keyId?: string
}

export const decryptionShape: Shape<DecryptionConfig> = record<DecryptionConfig>({
  algorithm: oneOf(...nestedAlgorithms),
  config: either(keyObjectShape, record({ keyFile: text(), keyPassword: optional(secret()) })),
  encryptions: optional(list(oneOf(...jweEncryptionNames), 1)),
})

export const encryptionShape: Shape<EncryptionConfig> = record<EncryptionConfig>({
  algorithm: oneOf(...nestedAlgorithms),
  encryption: optional(oneOf(...jweEncryptionNames)),
  config: either(keyObjectShape, record({ certFile: text() })),
  keyId: optional(text()),
})
