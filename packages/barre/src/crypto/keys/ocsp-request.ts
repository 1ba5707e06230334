import { createHash } from 'node:crypto'
import { readTbs } from './certificate.ts'
import { readDer, tags } from './der.ts'
import { writeDer, writeOid, writeSequence } from './der-write.ts'
import { digestOids } from './oids.ts'
import type { X509Certificate } from 'node:crypto'

/** RFC 6960 §4.1.1: CertID, which names a certificate to its responder. */
export interface OcspId {
  /** An object identifier. */
  readonly digest: string
  readonly issuerName: Buffer
  readonly issuerKey: Buffer
  readonly serial: Buffer
}

/**
 * What asks a responder about one certificate (RFC 6960 §4.1). Named with SHA-1, which RFC 5019 §2.1.1 demands of
 * everybody and some responders know only: the name proves nothing, and no attacker chooses what is hashed.
 */
export function writeOcspRequest(certificate: X509Certificate, issuer: X509Certificate): Buffer {
  const { digest, issuerName, issuerKey, serial } = toOcspId(certificate, issuer, sha1)
  const id = writeSequence(
    writeSequence(writeOid(digest), writeDer(tags.null)),
    writeDer(tags.octetString, issuerName),
    writeDer(tags.octetString, issuerKey),
    writeDer(tags.integer, serial),
  )
  const requests = writeSequence(writeSequence(id))
  return writeSequence(writeSequence(requests))
}

/** Whether an id names this certificate of this issuer. */
export function isOcspIdOf(id: OcspId, certificate: X509Certificate, issuer: X509Certificate): boolean {
  if (digestOids[id.digest] === undefined) return false
  const own = toOcspId(certificate, issuer, id.digest)
  return (
    id.issuerName.equals(own.issuerName) && id.issuerKey.equals(own.issuerKey) && id.serial.equals(own.serial)
  )
}

/** The SHA-1 of a certificate's key, as responders name themselves. */
export function keyHash(certificate: X509Certificate): Buffer {
  return digestKey(certificate, sha1)
}

const sha1 = '1.3.14.3.2.26'

function toOcspId(certificate: X509Certificate, issuer: X509Certificate, digest: string): OcspId {
  const { serial, issuer: name } = readTbs(certificate)
  return { digest, issuerName: hashWith(digest, name), issuerKey: digestKey(issuer, digest), serial }
}

function digestKey(certificate: X509Certificate, digest: string): Buffer {
  const info = readDer(readTbs(certificate).spki, tags.sequence, 'public key')
  info.next(tags.sequence)
  return hashWith(digest, info.bits())
}

function hashWith(digest: string, bytes: Uint8Array): Buffer {
  return createHash(digestOids[digest]!).update(bytes).digest()
}
