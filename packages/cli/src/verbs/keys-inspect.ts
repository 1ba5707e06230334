import { thumbprint } from 'barre/jose'
import { readKeyMaterial } from '../keys/key-material.ts'
import { secretFileOption } from '../questions.ts'
import { orFail, printJson } from '../terms.ts'
import { UsageError } from '../verb.ts'
import type { KeyObject, X509Certificate } from 'node:crypto'
import type { Jwk } from 'barre/jose'
import type { KeyMaterial } from '../keys/key-material.ts'
import type { Verb } from '../verb.ts'

const help = `Prints as JSON what a key, certificate or key store file holds: PEM, DER, PKCS#12, JKS, a JWK or a JWK
set. Private keys and shared secrets are described and never printed. thumbprint is RFC 7638's, of the public key.

  --password-file FILE  the password of the store or of the encrypted key: a file with one line`

export const verb: Verb = {
  usage: ['FILE [--password-file FILE]'],
  help,
  options: { 'password-file': { type: 'string' } },
  positionalsMax: 1,
  async run(input, io) {
    const [file] = input.positionals
    if (file === undefined || file === '') throw new UsageError('FILE is required')
    const password = await secretFileOption(input, 'password-file')
    const entries = await orFail(readKeyMaterial(file, password))
    printJson({ entries: entries.map(describe) }, io)
    return 0
  },
}

function describe({ alias, privateKey, publicKey, sharedKey, certificates }: KeyMaterial): object {
  if (sharedKey !== undefined) {
    const key = { type: 'oct', bits: (sharedKey.symmetricKeySize ?? 0) * 8 }
    return { ...(alias !== undefined && { alias }), holds: 'shared secret', key, certificates }
  }
  return {
    ...(alias !== undefined && { alias }),
    holds: privateKey === undefined ? 'public key' : 'private key',
    ...(publicKey !== undefined && { key: describeKey(publicKey) }),
    certificates: certificates.map(describeCertificate),
  }
}

function describeKey(key: KeyObject): object {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {}
  const print = thumbprintOf(key)
  return {
    type: key.asymmetricKeyType,
    ...(modulusLength !== undefined && { bits: modulusLength }),
    ...(namedCurve !== undefined && { curve: namedCurve }),
    ...(print !== undefined && { thumbprint: print }),
  }
}

/** Keys that have no form as a JWK have no thumbprint. */
function thumbprintOf(key: KeyObject): string | undefined {
  try {
    return thumbprint(key.export({ format: 'jwk' }) as unknown as Jwk)
  } catch {
    return undefined
  }
}

function describeCertificate(certificate: X509Certificate): object {
  const { subject, issuer, serialNumber, subjectAltName, validFromDate, validToDate } = certificate
  return {
    subject,
    issuer,
    serialNumber,
    ...(subjectAltName !== undefined && { subjectAltName }),
    notBefore: validFromDate.toISOString(),
    notAfter: validToDate.toISOString(),
    ca: certificate.ca,
    fingerprint256: certificate.fingerprint256,
  }
}
