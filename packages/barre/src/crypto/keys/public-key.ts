import { createPublicKey } from 'node:crypto'
import { publicKeyOf, readCertificate } from './certificate.ts'
import { readDer, tags } from './der.ts'
import { KeyError } from './key-error.ts'
import { keyFileMaxBytes, readPem } from './pem.ts'
import { isDer } from './private-key.ts'
import { publicKeyFromDer, publicKeyFromSpki } from './spki.ts'
import type { KeyObject } from 'node:crypto'

/**
 * Reads one public key: PEM text or bytes, or DER; SPKI, PKCS#1, or out of the first X.509 certificate.
 * Throws KeyError; a private key in this place is `wrong_kind`, never turned into its public half.
 */
export function readPublicKey(source: string | Uint8Array): KeyObject {
  if (source.length > keyFileMaxBytes)
    throw new KeyError('too_large', `a key of more than ${keyFileMaxBytes} bytes`)
  if (typeof source !== 'string' && isDer(source)) return fromDer(source)
  return fromPem(typeof source === 'string' ? source : Buffer.from(source).toString('utf8'))
}

function fromPem(text: string): KeyObject {
  const blocks = readPem(text)
  if (blocks.some(({ label }) => label.endsWith('PRIVATE KEY'))) throw privateKeyFound()
  for (const { label, bytes } of blocks) {
    if (label === 'PUBLIC KEY') return publicKeyFromSpki(bytes)
    if (label === 'RSA PUBLIC KEY') return publicKeyFromDer(bytes, 'pkcs1')
    if (label === 'CERTIFICATE') return publicKeyOf(readCertificate(bytes))
  }
  throw new KeyError('not_found', 'PEM: no public key and no certificate')
}

function privateKeyFound(): KeyError {
  return new KeyError('wrong_kind', 'a public key was expected, and this is a private key')
}

function fromDer(bytes: Uint8Array): KeyObject {
  const outer = readDer(bytes, tags.sequence, 'public key')
  const first = outer.next()
  const second = outer.hasMore ? outer.next().tag : undefined
  if (first.tag === tags.integer) {
    // PKCS#1: two numbers are a public key, nine a private one.
    if (second === tags.integer && !outer.hasMore) return publicKeyFromDer(bytes, 'pkcs1')
    throw privateKeyFound()
  }
  if (second === tags.sequence) return publicKeyOf(readCertificate(bytes))
  if (second === tags.bitString) return publicKeyFromSpki(bytes)
  throw new KeyError('wrong_kind', 'the DER is neither a public key nor a certificate')
}

const base64url = /^[A-Za-z0-9_-]+={0,2}$/

/**
 * An RSA public key of its numbers in base64url, as a JWK has them.
 */
export function buildRsaPublicKey(numbers: {
  readonly modulus: string
  readonly exponent: string
}): KeyObject {
  const { modulus, exponent } = numbers
  if (!base64url.test(modulus) || !base64url.test(exponent)) {
    throw new KeyError('malformed', 'the modulus or the exponent is not base64url')
  }
  try {
    return createPublicKey({ key: { kty: 'RSA', n: modulus, e: exponent }, format: 'jwk' })
  } catch (cause) {
    throw new KeyError('malformed', 'the modulus and exponent make no RSA key', { cause })
  }
}
