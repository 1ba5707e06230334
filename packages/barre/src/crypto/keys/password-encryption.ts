import { createDecipheriv } from 'node:crypto'
import { tags } from './der.ts'
import { KeyError } from './key-error.ts'
import { oids } from './oids.ts'
import { readDerivation, readIterations, readSalt } from './password-derivation.ts'
import { derivePkcs12, purposes } from './pkcs12-kdf.ts'
import { decryptRc2Cbc } from './rc2.ts'
import type { DerReader } from './der.ts'

/**
 * Opens what a password encrypted: PBES2 (RFC 8018 §6.2) and the old schemes of PKCS#12 (RFC 7292 §C).
 * `algorithm` is the inside of the AlgorithmIdentifier. Throws `wrong_password` where the padding says so.
 */
export function openWithPassword(algorithm: DerReader, ciphertext: Uint8Array, password: string): Buffer {
  const oid = algorithm.oid()
  const parameters = algorithm.enter()
  algorithm.end()
  if (oid === oids.pbes2) return openPbes2(parameters, ciphertext, password)
  const scheme = pkcs12Schemes[oid]
  if (scheme === undefined) throw new KeyError('unsupported', `the encryption ${oid} is not supported`)
  return openPkcs12(scheme, parameters, ciphertext, password)
}

type Open = (ciphertext: Uint8Array, key: Buffer, iv: Uint8Array) => Buffer

interface Pkcs12Scheme {
  readonly keyBytes: number
  readonly open: Open
}

const pkcs12Schemes: Readonly<Record<string, Pkcs12Scheme>> = {
  '1.2.840.113549.1.12.1.3': { keyBytes: 24, open: openWith('des-ede3-cbc') },
  '1.2.840.113549.1.12.1.4': { keyBytes: 16, open: openWith('des-ede-cbc') },
  '1.2.840.113549.1.12.1.5': { keyBytes: 16, open: (data, key, iv) => decryptRc2Cbc(data, key, iv, 128) },
  '1.2.840.113549.1.12.1.6': { keyBytes: 5, open: (data, key, iv) => decryptRc2Cbc(data, key, iv, 40) },
}

function openPkcs12(
  { keyBytes, open }: Pkcs12Scheme,
  parameters: DerReader,
  ciphertext: Uint8Array,
  password: string,
): Buffer {
  const salt = readSalt(parameters)
  const iterations = readIterations(parameters)
  parameters.end()
  const derive = (purpose: number, length: number): Buffer =>
    derivePkcs12(password, { digest: 'sha1', salt, iterations, purpose, length })
  return open(ciphertext, derive(purposes.key, keyBytes), derive(purposes.iv, 8))
}

interface Pbes2Cipher {
  readonly name: string
  readonly keyBytes: number
  readonly ivBytes: number
}

const pbes2Ciphers: Readonly<Record<string, Pbes2Cipher>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyBytes: 16, ivBytes: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyBytes: 24, ivBytes: 16 },
  [oids.aes256Cbc]: { name: 'aes-256-cbc', keyBytes: 32, ivBytes: 16 },
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', keyBytes: 24, ivBytes: 8 },
}

function openPbes2(parameters: DerReader, ciphertext: Uint8Array, password: string): Buffer {
  const derivation = readDerivation(parameters.enter())
  const scheme = parameters.enter()
  parameters.end()
  const oid = scheme.oid()
  const cipher = pbes2Ciphers[oid]
  if (cipher === undefined) throw new KeyError('unsupported', `the cipher ${oid} is not supported`)
  const iv = scheme.next(tags.octetString).content
  scheme.end()
  if (iv.length !== cipher.ivBytes) throw new KeyError('malformed', `${cipher.name}: wrong length of the IV`)
  if (derivation.keyBytes !== undefined && derivation.keyBytes !== cipher.keyBytes) {
    throw new KeyError('malformed', `${cipher.name}: the derived key has another length`)
  }
  return openWith(cipher.name)(ciphertext, derivation.derive(password, cipher.keyBytes), iv)
}

function openWith(cipher: string): Open {
  return (ciphertext, key, iv) => {
    const decipher = createDecipheriv(cipher, key, iv)
    try {
      return Buffer.concat([decipher.update(ciphertext), decipher.final()])
    } catch (cause) {
      throw new KeyError('wrong_password', 'the password does not open it: the padding is wrong', { cause })
    }
  }
}
