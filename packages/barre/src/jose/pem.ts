import { KeyObject, X509Certificate, createPrivateKey, createPublicKey } from 'node:crypto'
import { ConfigError, Secret } from '../core/index.ts'

/** The certificate that PEM text holds, or nothing where it holds something else. */
export function toCertificate(text: string, path: string): X509Certificate | undefined {
  if (!/^\s*-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/m.test(text)) return undefined
  try {
    return new X509Certificate(text)
  } catch (cause) {
    throw new ConfigError(path, 'the PEM certificate cannot be read', { cause })
  }
}

/** A public KeyObject, or that of PEM text (SPKI, PKCS#1); a certificate is `toCertificate`'s. */
export function toPublicKey(source: KeyObject | string, path: string): KeyObject {
  if (source instanceof KeyObject) {
    if (source.type === 'public') return source
    throw new ConfigError(path, `expected a public key, found a ${source.type} key`)
  }
  // createPublicKey would derive the public key from a private one: a private key in this place is a mistake
  // to name.
  if (/PRIVATE KEY-----/.test(source))
    throw new ConfigError(path, 'expected a public key, found a private key')
  try {
    return createPublicKey(source)
  } catch (cause) {
    throw new ConfigError(path, 'expected a PEM public key or certificate', { cause })
  }
}

export interface PrivateKeyOptions {
  readonly path: string
  readonly algorithm: string
  /** Of an encrypted PEM key. */
  readonly password?: string | Secret
}

/** A private KeyObject, or that of PEM text (PKCS#8, PKCS#1, SEC1). */
export function toPrivateKey(source: KeyObject | string | Secret, options: PrivateKeyOptions): KeyObject {
  if (source instanceof KeyObject) {
    if (source.type === 'private') return source
    throw new ConfigError(
      options.path,
      `${options.algorithm} needs a private key, found a ${source.type} key`,
    )
  }
  const { password } = options
  const passphrase = password instanceof Secret ? password.reveal() : password
  try {
    const key = source instanceof Secret ? source.reveal() : source
    return createPrivateKey({ key, format: 'pem', ...(passphrase !== undefined && { passphrase }) })
  } catch (cause) {
    throw new ConfigError(
      options.path,
      `${options.algorithm} needs a PEM private key${passphrase === undefined ? '' : ' and its right password'}`,
      { cause },
    )
  }
}
