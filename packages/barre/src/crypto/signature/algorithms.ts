import { constants } from 'node:crypto'
import type { KeyObject, SigningOptions } from 'node:crypto'

/** `rsa-sha...` is RSASSA-PKCS1-v1_5; the salt of `rsa-pss-...` is as long as its digest. */
export type DigestAlgorithm =
  | 'rsa-sha256'
  | 'rsa-sha384'
  | 'rsa-sha512'
  | 'rsa-pss-sha256'
  | 'rsa-pss-sha384'
  | 'rsa-pss-sha512'
  | 'ecdsa-sha256'
  | 'ecdsa-sha384'
  | 'ecdsa-sha512'

export type SignatureAlgorithm =
  | DigestAlgorithm
  | 'ed25519'
  | 'ed448'
  | 'ml-dsa-44'
  | 'ml-dsa-65'
  | 'ml-dsa-87'

/** Broken: only to check what others signed long ago. */
export type LegacySignatureAlgorithm = 'rsa-md5' | 'rsa-sha1'

export interface SignatureRow {
  /** Absent where the algorithm hashes by itself. */
  readonly digest: string | undefined
  /** Absent where the type of the key says it all: PKCS #1 v1.5 is what an `rsa` key means without more. */
  readonly parameters?: SigningOptions
  /** What `fits` asks for, for messages. */
  readonly needs: string
  readonly fits: (key: KeyObject) => boolean
}

/** The shortest RSA modulus outside of the legacy algorithms, in bits. */
const rsaMinBits = 2048

const pss: SigningOptions = {
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
}

const isRsa = (key: KeyObject): boolean => key.asymmetricKeyType === 'rsa'
const isStrongRsa = (key: KeyObject): boolean =>
  isRsa(key) && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= rsaMinBits

function rsa(digest: string, parameters?: SigningOptions): SignatureRow {
  return {
    digest,
    ...(parameters && { parameters }),
    needs: `RSA of at least ${rsaMinBits} bits`,
    fits: isStrongRsa,
  }
}

function legacyRsa(digest: string): SignatureRow {
  return { digest, needs: 'RSA', fits: isRsa }
}

function ofType(type: string, digest?: string): SignatureRow {
  return { digest, needs: type, fits: ({ asymmetricKeyType }) => asymmetricKeyType === type }
}

export const signatureRows: Readonly<Record<SignatureAlgorithm | LegacySignatureAlgorithm, SignatureRow>> = {
  'rsa-sha256': rsa('sha256'),
  'rsa-sha384': rsa('sha384'),
  'rsa-sha512': rsa('sha512'),
  'rsa-pss-sha256': rsa('sha256', pss),
  'rsa-pss-sha384': rsa('sha384', pss),
  'rsa-pss-sha512': rsa('sha512', pss),
  'ecdsa-sha256': ofType('ec', 'sha256'),
  'ecdsa-sha384': ofType('ec', 'sha384'),
  'ecdsa-sha512': ofType('ec', 'sha512'),
  ed25519: ofType('ed25519'),
  ed448: ofType('ed448'),
  'ml-dsa-44': ofType('ml-dsa-44'),
  'ml-dsa-65': ofType('ml-dsa-65'),
  'ml-dsa-87': ofType('ml-dsa-87'),
  'rsa-md5': legacyRsa('md5'),
  'rsa-sha1': legacyRsa('sha1'),
}

export function digestOf(algorithm: DigestAlgorithm): string {
  const { digest } = signatureRows[algorithm]
  if (digest === undefined) throw new TypeError(`${algorithm} needs all of the data at once`)
  return digest
}
