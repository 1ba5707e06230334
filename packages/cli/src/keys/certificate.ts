// tsyringe, which @peculiar/x509 is built with, needs this polyfill to be loaded before it.
// oxlint-disable-next-line import/no-unassigned-import
import 'reflect-metadata'
import { isIP } from 'node:net'
import {
  AuthorityInfoAccessExtension,
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import type { webcrypto } from 'node:crypto'
import type { Extension, JsonGeneralName } from '@peculiar/x509'

/** A certificate and its private key (PKCS#8), as PEM text. */
export interface Issued {
  readonly cert: string
  readonly key: string
}

/** `EC` is P-256, `RSA` has 2048 bits. */
export type KeyAlgorithm = 'EC' | 'RSA'

export interface CaOptions {
  readonly commonName?: string
  /** Another authority that signs this one; absent: it signs itself. */
  readonly ca?: Issued
  /** Default `EC`. */
  readonly algorithm?: KeyAlgorithm
  /** Default 3650. */
  readonly validDays?: number
  /** Default now, less five minutes for clocks that lag. */
  readonly notBefore?: Date
}

export interface CertificateOptions {
  readonly ca: Issued
  /** Default: the first DNS name. */
  readonly commonName?: string
  readonly dnsNames?: readonly string[]
  readonly ipAddresses?: readonly string[]
  /** SPIFFE ids, for example. */
  readonly uris?: readonly string[]
  readonly algorithm?: KeyAlgorithm
  /** Default 365; never longer than the authority's own. */
  readonly validDays?: number
  readonly notBefore?: Date
  /** Where its OCSP responder is. */
  readonly ocspUrl?: string
  /** Default both. */
  readonly usages?: readonly ('server' | 'client')[]
}

const dayMs = 86_400_000
const lagMs = 300_000

const keyAlgorithms: Readonly<
  Record<KeyAlgorithm, webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams>
> = {
  EC: { name: 'ECDSA', namedCurve: 'P-256' },
  RSA: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
  },
}

/** Makes a certificate authority for development and tests. */
export async function createCa(options: CaOptions = {}): Promise<Issued> {
  const keys = await generate(options.algorithm)
  return sign({
    name: options.commonName ?? 'Barre development CA',
    keys,
    ca: options.ca,
    notBefore: options.notBefore,
    validDays: options.validDays ?? 3650,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  })
}

/**
 * Issues a certificate for a server, a client or both. Throws RangeError for a name that cannot be in one.
 */
export async function issueCertificate(options: CertificateOptions): Promise<Issued> {
  const names = alternativeNames(options)
  const name = options.commonName ?? options.dnsNames?.[0] ?? names[0]?.value
  if (name === undefined)
    throw new RangeError('a certificate needs a common name, a DNS name, an IP address or a URI')
  const usages = (options.usages ?? ['server', 'client']).map((usage) =>
    usage === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth,
  )
  const isRsa = options.algorithm === 'RSA'
  const keyUsages = KeyUsageFlags.digitalSignature | (isRsa ? KeyUsageFlags.keyEncipherment : 0)
  return sign({
    name,
    keys: await generate(options.algorithm),
    ca: options.ca,
    notBefore: options.notBefore,
    validDays: options.validDays ?? 365,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(keyUsages, true),
      new ExtendedKeyUsageExtension(usages),
      ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
      ...(options.ocspUrl === undefined ? [] : [new AuthorityInfoAccessExtension({ ocsp: options.ocspUrl })]),
    ],
  })
}

function alternativeNames(options: CertificateOptions): JsonGeneralName[] {
  const { dnsNames = [], ipAddresses = [], uris = [] } = options
  for (const name of dnsNames) {
    if (!/^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i.test(name)) throw new RangeError(`${name} is not a DNS name`)
  }
  for (const address of ipAddresses) {
    if (isIP(address) === 0) throw new RangeError(`${address} is not an IP address`)
  }
  for (const uri of uris) {
    if (!URL.canParse(uri)) throw new RangeError(`${uri} is not an absolute URI`)
  }
  return [
    ...dnsNames.map((value) => ({ type: 'dns', value }) as const),
    ...ipAddresses.map((value) => ({ type: 'ip', value }) as const),
    ...uris.map((value) => ({ type: 'url', value }) as const),
  ]
}

interface Signing {
  readonly name: string
  readonly keys: webcrypto.CryptoKeyPair
  readonly ca: Issued | undefined
  readonly notBefore: Date | undefined
  readonly validDays: number
  readonly extensions: readonly Extension[]
}

async function sign(signing: Signing): Promise<Issued> {
  const { keys, ca } = signing
  const issuer = ca === undefined ? undefined : new X509Certificate(ca.cert)
  const notBefore = signing.notBefore ?? new Date(Date.now() - lagMs)
  const subject = new Name([{ CN: [{ utf8String: signing.name }] }])
  const endMs = notBefore.getTime() + signing.validDays * dayMs
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer: issuer?.subjectName ?? subject,
    notBefore,
    notAfter: new Date(Math.min(endMs, issuer?.notAfter.getTime() ?? endMs)),
    publicKey: keys.publicKey,
    signingKey: ca === undefined ? keys.privateKey : await importSigningKey(ca, issuer!),
    extensions: [
      ...signing.extensions,
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer?.publicKey ?? keys.publicKey),
    ],
  })
  const key = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  return {
    cert: `${certificate.toString('pem')}\n`,
    key: `${PemConverter.encode(key, PemConverter.PrivateKeyTag)}\n`,
  }
}

function generate(algorithm: KeyAlgorithm = 'EC'): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(keyAlgorithms[algorithm], true, ['sign', 'verify'])
}

function importSigningKey(ca: Issued, certificate: X509Certificate): Promise<webcrypto.CryptoKey> {
  const isRsa = certificate.publicKey.algorithm.name.startsWith('RSA')
  const der = PemConverter.decodeFirst(ca.key)
  return crypto.subtle.importKey('pkcs8', der, keyAlgorithms[isRsa ? 'RSA' : 'EC'], false, ['sign'])
}
