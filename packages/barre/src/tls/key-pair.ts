import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ConfigError } from '../core/index.ts'
import { openConfiguredStore, orConfigError } from '../crypto/keys/index.ts'
import type { KeyObject } from 'node:crypto'
import type { CertKey, Store } from '../core/index.ts'

/** What a certificate is for, as its extended key usage (RFC 5280 §4.2.1.12) names it. */
export type Purpose = 'server' | 'client'

/** A certificate chain and its private key, read and checked. */
export interface KeyPair {
  /** The PEM text of the chain, leaf first. */
  readonly cert: string
  readonly key: string
  readonly passphrase?: string
  /** When the first certificate of the chain ends, in milliseconds since the epoch. */
  readonly expiresAtMs: number
}

/** The most certificates that one PEM file may hold. */
const certificatesMax = 256

const purposeOids: Readonly<Record<Purpose, string>> = {
  server: '1.3.6.1.5.5.7.3.1',
  client: '1.3.6.1.5.5.7.3.2',
}

/**
 * Reads a certificate chain and its key; throws ConfigError when they do not fit, are not in order or not
 * valid now.
 */
export function readKeyPair(config: CertKey | Store, path: string, purpose: Purpose, nowMs: number): KeyPair {
  return 'certFile' in config
    ? readFiles(config, path, purpose, nowMs)
    : readStore(config, path, purpose, nowMs)
}

function readFiles(config: CertKey, path: string, purpose: Purpose, nowMs: number): KeyPair {
  const cert = readPem(config.certFile, `${path}.certFile`)
  const chain = readCertificates(cert, `${path}.certFile`)
  checkCertificates(chain, `${path}.certFile`, purpose, nowMs)
  const key = readPem(config.keyFile, `${path}.keyFile`)
  if (!chain[0]!.checkPrivateKey(readPrivateKey(key, config.keyPassword, path))) {
    throw new ConfigError(`${path}.keyFile`, 'the private key does not belong to the certificate in certFile')
  }
  return {
    cert,
    key,
    ...(config.keyPassword !== undefined && { passphrase: config.keyPassword }),
    expiresAtMs: firstExpiry(chain),
  }
}

/** Nothing in the configuration says which key of a store: there must be one. */
function readStore(config: Store, path: string, purpose: Purpose, nowMs: number): KeyPair {
  const store = openConfiguredStore(config, path)
  const withKeys = store.aliases.filter((alias) => store.hasPrivateKey(alias))
  const [alias] = withKeys
  if (alias === undefined || withKeys.length > 1) {
    const found = alias === undefined ? 'none' : withKeys.join(', ')
    throw new ConfigError(`${path}.path`, `expected a store with one private key, found ${found}`)
  }
  const key = orConfigError(path, () => store.privateKey(alias))
  const chain = store.certificates(alias)
  if (chain.length === 0) throw new ConfigError(`${path}.path`, `the key ${alias} has no certificate`)
  checkCertificates(chain, `${path}.path`, purpose, nowMs)
  if (!chain[0]!.checkPrivateKey(key)) {
    throw new ConfigError(`${path}.path`, `the private key of ${alias} does not belong to its certificate`)
  }
  return {
    cert: chain.map((certificate) => certificate.toString()).join(''),
    key: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
    expiresAtMs: firstExpiry(chain),
  }
}

function checkCertificates(
  chain: readonly X509Certificate[],
  path: string,
  purpose: Purpose,
  nowMs: number,
): void {
  checkChain(chain, path)
  checkValidity(chain, path, nowMs)
  checkPurpose(chain[0]!, path, purpose)
}

function firstExpiry(chain: readonly X509Certificate[]): number {
  return Math.min(...chain.map((certificate) => certificate.validToDate.getTime()))
}

/**
 * Reads trusted certificates from a PEM file or a store, each as its own PEM text; those out of date are an error only
 * when none is left.
 */
export function readTrust(config: string | Store, path: string, nowMs: number): string[] {
  const certificates =
    typeof config === 'string' ? readCertificates(readPem(config, path), path) : readTrustStore(config, path)
  const current = certificates.filter((certificate) => isCurrent(certificate, nowMs))
  if (current.length === 0) checkValidity(certificates, path, nowMs)
  return current.map((certificate) => certificate.toString())
}

/** The certificates of a store that stand there for themselves: those of its private keys are nobody's issuers. */
function readTrustStore(config: Store, path: string): X509Certificate[] {
  const store = openConfiguredStore(config, path)
  const certificates = store.aliases
    .filter((alias) => !store.hasPrivateKey(alias))
    .flatMap((alias) => store.certificates(alias))
  if (certificates.length === 0)
    throw new ConfigError(`${path}.path`, 'the store holds no trusted certificate')
  if (certificates.length <= certificatesMax) return certificates
  throw new ConfigError(`${path}.path`, `the store holds more than ${certificatesMax} certificates`)
}

function readPem(file: string, path: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
    throw new ConfigError(path, `cannot read ${file} (${code})`, { cause })
  }
}

function readCertificates(pem: string, path: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0) throw new ConfigError(path, 'the file holds no PEM certificate')
  if (blocks.length > certificatesMax) {
    throw new ConfigError(path, `the file holds more than ${certificatesMax} certificates`)
  }
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block)
    } catch (cause) {
      throw new ConfigError(path, `certificate ${index + 1} of the file cannot be read`, { cause })
    }
  })
}

function readPrivateKey(pem: string, passphrase: string | undefined, path: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) })
  } catch (cause) {
    const isEncrypted = pem.includes('ENCRYPTED')
    throw isEncrypted
      ? new ConfigError(
          `${path}.keyPassword`,
          'the private key is encrypted and this password does not open it',
          {
            cause,
          },
        )
      : new ConfigError(`${path}.keyFile`, 'the file holds no PEM private key', { cause })
  }
}

function checkChain(chain: readonly X509Certificate[], path: string): void {
  for (let index = 1; index < chain.length; index++) {
    const [issued, issuer] = [chain[index - 1]!, chain[index]!]
    if (issued.checkIssued(issuer) && issued.verify(issuer.publicKey)) continue
    throw new ConfigError(
      path,
      `certificate ${index + 1} of the file did not issue certificate ${index}; the order is leaf, then intermediates`,
    )
  }
}

function isCurrent(certificate: X509Certificate, nowMs: number): boolean {
  return certificate.validFromDate.getTime() <= nowMs && nowMs < certificate.validToDate.getTime()
}

function checkValidity(chain: readonly X509Certificate[], path: string, nowMs: number): void {
  for (const [index, certificate] of chain.entries()) {
    if (isCurrent(certificate, nowMs)) continue
    const { validFrom, validTo } = certificate
    throw new ConfigError(
      path,
      `certificate ${index + 1} of the file is valid from ${validFrom} to ${validTo}, not now`,
    )
  }
}

function checkPurpose(leaf: X509Certificate, path: string, purpose: Purpose): void {
  // Node's `keyUsage` is the extended key usage; absent means any purpose.
  const usages = leaf.keyUsage as readonly string[] | undefined
  if (usages === undefined || usages.length === 0 || usages.includes(purposeOids[purpose])) return
  throw new ConfigError(
    path,
    `the certificate's extended key usage does not allow it as a ${purpose} certificate`,
  )
}
