import { X509Certificate } from 'node:crypto'
import { DtlsError } from './alert.ts'
import { ByteReader, number, numbers, vector } from './bytes.ts'
import { schemeIds } from './signatures.ts'

// Certificate, CertificateRequest and signatures (RFC 5246 §7.4.2, §7.4.4, §7.4.8).

/** The longest chain that is read. */
const chainMax = 10

export function encodeCertificate(chain: readonly X509Certificate[]): Buffer {
  return vector(3, ...chain.map(({ raw }) => vector(3, raw)))
}

/** Leaf first; empty where the other side has none. */
export function readCertificate(body: Buffer): readonly X509Certificate[] {
  const reader = new ByteReader(body)
  const list = new ByteReader(reader.vector(3))
  reader.end()
  const chain: X509Certificate[] = []
  while (list.hasMore) {
    if (chain.length === chainMax) throw new DtlsError('bad_certificate', 'a chain that is too long')
    chain.push(parse(list.vector(3)))
  }
  return chain
}

function parse(der: Buffer): X509Certificate {
  try {
    return new X509Certificate(der)
  } catch {
    throw new DtlsError('bad_certificate', 'a certificate that cannot be read')
  }
}

/** ecdsa_sign and rsa_sign. */
const certificateTypes = Buffer.of(64, 1)

export function encodeCertificateRequest(): Buffer {
  // No authorities: the client has one certificate, or it knows itself which one we want.
  return Buffer.concat([vector(1, certificateTypes), numbers(2, schemeIds), vector(2)])
}

/** The signature schemes that the server takes. */
export function readCertificateRequest(body: Buffer): readonly number[] {
  const reader = new ByteReader(body)
  reader.vector(1)
  const schemes = reader.numbers(2)
  reader.vector(2)
  reader.end()
  return schemes
}

export interface Signed {
  readonly scheme: number
  readonly signature: Buffer
}

export function encodeSignature({ scheme, signature }: Signed): Buffer {
  return Buffer.concat([number(scheme, 2), vector(2, signature)])
}

export function readSignature(reader: ByteReader): Signed {
  const signed = { scheme: reader.number(2), signature: reader.vector(2) }
  reader.end()
  return signed
}
