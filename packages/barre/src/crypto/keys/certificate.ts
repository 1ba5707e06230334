import { X509Certificate } from 'node:crypto'
import { contextTag, readDer, tags } from './der.ts'
import { KeyError } from './key-error.ts'
import { keyFileMaxBytes, readPem } from './pem.ts'
import { isDer } from './private-key.ts'
import { publicKeyFromSpki } from './spki.ts'
import type { KeyObject } from 'node:crypto'
import type { DerReader } from './der.ts'

/** Reads one DER certificate. */
export function readCertificate(bytes: Uint8Array): X509Certificate {
  readDer(bytes, tags.sequence, 'certificate')
  try {
    return new X509Certificate(bytes)
  } catch (cause) {
    throw new KeyError('malformed', 'the certificate cannot be read', { cause })
  }
}

/**
 * Reads the certificates of PEM text or bytes in their order, or the one of DER.
 * Throws KeyError; none is `not_found`.
 */
export function readCertificates(source: string | Uint8Array): readonly X509Certificate[] {
  if (source.length > keyFileMaxBytes) {
    throw new KeyError('too_large', `certificates of more than ${keyFileMaxBytes} bytes`)
  }
  if (typeof source !== 'string' && isDer(source)) return [readCertificate(source)]
  const text = typeof source === 'string' ? source : Buffer.from(source).toString('utf8')
  const blocks = readPem(text).filter(({ label }) => label === 'CERTIFICATE')
  if (blocks.length === 0) throw new KeyError('not_found', 'PEM: no certificate')
  return blocks.map(({ bytes }) => readCertificate(bytes))
}

/** The public key of a certificate, also of those that Node cannot name (early ML-KEM). */
export function publicKeyOf(certificate: X509Certificate): KeyObject {
  return publicKeyFromSpki(readTbs(certificate).spki)
}

/** What chain checks need and X509Certificate does not say. */
export interface TbsCertificate {
  /** The content of the INTEGER. */
  readonly serial: Buffer
  readonly signatureAlgorithm: string
  /** The names in DER. */
  readonly issuer: Buffer
  readonly subject: Buffer
  readonly spki: Buffer
  readonly extensions: ReadonlyMap<string, Extension>
}

export interface Extension {
  readonly critical: boolean
  readonly value: Buffer
}

/** RFC 5280 §4.1. */
export function readTbs(certificate: X509Certificate): TbsCertificate {
  const tbs = readDer(certificate.raw, tags.sequence, 'certificate').enter()
  tbs.optional(contextTag(0, 'constructed'))
  const serial = tbs.next(tags.integer).content
  const signatureAlgorithm = tbs.enter().oid()
  const issuer = tbs.next(tags.sequence).bytes
  tbs.next(tags.sequence)
  const subject = tbs.next(tags.sequence).bytes
  const spki = tbs.next(tags.sequence).bytes
  for (const number of [1, 2]) tbs.optional(contextTag(number, 'primitive'))
  const extensions = tbs.optional(contextTag(3, 'constructed'))
  tbs.end()
  return {
    serial,
    signatureAlgorithm,
    issuer,
    subject,
    spki,
    extensions: readExtensions(extensions?.content, 'certificate'),
  }
}

/** RFC 5280 §4.1: Extensions, of what `what` names; none where there is no content. */
export function readExtensions(content: Buffer | undefined, what: string): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>()
  if (content === undefined) return extensions
  const list = readDer(content, tags.sequence, `${what} extensions`)
  while (list.hasMore) {
    const extension = list.enter()
    const oid = extension.oid()
    const critical = extension.optional(tags.boolean)?.content[0] === 0xff
    if (extensions.has(oid)) throw new KeyError('malformed', `${what}: the extension ${oid} is there twice`)
    extensions.set(oid, { critical, value: extension.octets() })
  }
  return extensions
}

/** Goes into the DER value of an extension. */
export function enterExtension({ value }: Extension): DerReader {
  return readDer(value, tags.sequence, 'certificate extension')
}
