import { rsaOaep, rsaPkcs1 } from './rsa.ts'
import { aesGcmKeyWrap, aesKeyWrap } from './aes-key-wrap.ts'
import { agreement, agreementWithKeyWrap } from './key-agreement.ts'
import { passwordKeyWrap } from './password.ts'
import { contentEncryptions } from './content-encryption.ts'
import type { KeyObject } from 'node:crypto'
import type { Awaitable } from '../../core/index.ts'
import type { JsonObject } from '../json.ts'
import type { JweEncryption } from './content-encryption.ts'

/** The key management algorithms, by their registered `alg` names (RFC 7518 §4.1). */
export type JweAlgorithm =
  | 'RSA-OAEP'
  | 'RSA-OAEP-256'
  | 'RSA-OAEP-384'
  | 'RSA-OAEP-512'
  | 'RSA1_5'
  | 'A128KW'
  | 'A192KW'
  | 'A256KW'
  | 'A128GCMKW'
  | 'A192GCMKW'
  | 'A256GCMKW'
  | 'dir'
  | 'ECDH-ES'
  | 'ECDH-ES+A128KW'
  | 'ECDH-ES+A192KW'
  | 'ECDH-ES+A256KW'
  | 'PBES2-HS256+A128KW'
  | 'PBES2-HS384+A192KW'
  | 'PBES2-HS512+A256KW'

/** What a key is wrapped or unwrapped for. */
export interface KeyContext {
  readonly encryption: JweEncryption
  /** Encrypting: the parameters that the caller gave; decrypting: those of the token. */
  readonly header: JsonObject
  /** Of PBES2: the count to use, and the highest to accept. */
  readonly passwordIterations: number
}

export interface Wrapped {
  readonly contentKey: Buffer
  readonly encryptedKey: Buffer
  /** What the recipient needs in the header besides `alg`. */
  readonly parameters: Readonly<Record<string, unknown>>
}

export type Wrap = (contentKey: Buffer, context: KeyContext) => Awaitable<Wrapped>
/** May throw or reject: any failure is the same failure to its caller. */
export type Unwrap = (encryptedKey: Buffer, context: KeyContext) => Awaitable<Buffer>

/** What is known of an algorithm; nothing outside its file asks which one it is. */
export interface KeyManagement {
  /** Whether the key is of the type, curve and length that the algorithm demands. */
  fits(key: KeyObject): boolean
  /** Absent: we do not encrypt with it. */
  wrapper?(key: KeyObject): Wrap
  unwrapper(key: KeyObject): Unwrap
  /** What the header lacks, or holds wrongly, for this algorithm: public, so it may be told. */
  headerProblem?(context: KeyContext): string | undefined
  /** The content key is agreed or shared, not wrapped: there is no encrypted key, and one recipient. */
  readonly direct?: true
  /** Only for a key whose import says `legacy`. */
  readonly legacy?: true
  /** The key is a password: only for a key whose import names the algorithm. */
  readonly password?: true
}

/** One row per algorithm: adding one is adding its name above and its row here. */
export const keyManagements: Readonly<Record<JweAlgorithm, KeyManagement>> = {
  'RSA-OAEP': rsaOaep('sha1'),
  'RSA-OAEP-256': rsaOaep('sha256'),
  'RSA-OAEP-384': rsaOaep('sha384'),
  'RSA-OAEP-512': rsaOaep('sha512'),
  RSA1_5: rsaPkcs1(),
  A128KW: aesKeyWrap(16),
  A192KW: aesKeyWrap(24),
  A256KW: aesKeyWrap(32),
  A128GCMKW: aesGcmKeyWrap(16),
  A192GCMKW: aesGcmKeyWrap(24),
  A256GCMKW: aesGcmKeyWrap(32),
  dir: sharedContentKey(),
  'ECDH-ES': agreement(),
  'ECDH-ES+A128KW': agreementWithKeyWrap('ECDH-ES+A128KW', 16),
  'ECDH-ES+A192KW': agreementWithKeyWrap('ECDH-ES+A192KW', 24),
  'ECDH-ES+A256KW': agreementWithKeyWrap('ECDH-ES+A256KW', 32),
  'PBES2-HS256+A128KW': passwordKeyWrap('PBES2-HS256+A128KW', 'sha256', 16),
  'PBES2-HS384+A192KW': passwordKeyWrap('PBES2-HS384+A192KW', 'sha384', 24),
  'PBES2-HS512+A256KW': passwordKeyWrap('PBES2-HS512+A256KW', 'sha512', 32),
}

export const jweAlgorithmNames = Object.freeze(Object.keys(keyManagements)) as readonly JweAlgorithm[]

export function isJweAlgorithm(name: unknown): name is JweAlgorithm {
  return typeof name === 'string' && Object.hasOwn(keyManagements, name)
}

const contentKeySizes: ReadonlySet<number | undefined> = new Set(
  Object.values(contentEncryptions).map(({ keyBytes }) => keyBytes),
)

/** RFC 7518 §4.5: the shared key is the content key. */
function sharedContentKey(): KeyManagement {
  return {
    direct: true,
    fits: (key) => key.type === 'secret' && contentKeySizes.has(key.symmetricKeySize),
    wrapper: (key) => () => ({ contentKey: key.export(), encryptedKey: Buffer.alloc(0), parameters: {} }),
    unwrapper: (key) => () => key.export(),
  }
}
