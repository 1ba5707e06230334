import { createCipheriv, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { Secret } from '../../core/index.ts'
import { contextTag, tags } from './der.ts'
import { writeDer, writeInteger, writeOid, writeSequence } from './der-write.ts'
import { oids } from './oids.ts'
import { derivationIterationsMax } from './password-derivation.ts'
import { derivePkcs12, purposes } from './pkcs12-kdf.ts'
import type { KeyObject, X509Certificate } from 'node:crypto'

/** One entry of a new store: a private key and its chain (leaf first), or one trusted certificate. */
export interface NewStoreEntry {
  readonly alias: string
  readonly privateKey?: KeyObject
  readonly certificates: readonly X509Certificate[]
}

export interface NewStoreOptions {
  readonly password: string | Secret
  /** Rounds of key derivation; default 100,000. */
  readonly iterations?: number
}

const defaultIterations = 100_000

/**
 * Makes a PKCS#12 store that Java and OpenSSL read: PBES2 with AES-256 and PBKDF2-SHA-256, and an HMAC-SHA-256.
 * Throws a TypeError when an alias is there twice.
 */
export function writePkcs12(entries: readonly NewStoreEntry[], options: NewStoreOptions): Buffer {
  const { iterations = defaultIterations } = options
  const password = options.password instanceof Secret ? options.password.reveal() : options.password
  if (!Number.isInteger(iterations) || iterations < 1 || iterations > derivationIterationsMax) {
    throw new TypeError(`iterations must be from 1 to ${derivationIterationsMax}`)
  }
  if (new Set(entries.map(({ alias }) => alias.toLowerCase())).size !== entries.length) {
    throw new TypeError('an alias is there twice')
  }
  const seal = (plain: Uint8Array): Sealed => sealWithPassword(plain, password, iterations)
  const keys = entries.flatMap((entry) => toKeyBag(entry, seal))
  const certificates = writeSequence(...entries.flatMap(toCertificateBags))
  const parts = [writeData(writeSequence(...keys)), writeEncryptedData(seal(certificates))]
  const content = writeSequence(...parts)
  const mac = writeMac(content, password, iterations)
  return writeSequence(writeInteger(3), writeData(content), mac)
}

interface Sealed {
  readonly algorithm: Buffer
  readonly ciphertext: Buffer
}

/** PBES2: RFC 8018 §6.2. */
function sealWithPassword(plain: Uint8Array, password: string, iterations: number): Sealed {
  const [salt, iv] = [randomBytes(16), randomBytes(16)]
  const key = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  const derivation = writeSequence(
    writeOid(oids.pbkdf2),
    writeSequence(
      writeDer(tags.octetString, salt),
      writeInteger(iterations),
      writeSequence(writeOid(oids.hmacSha256), writeDer(tags.null)),
    ),
  )
  const scheme = writeSequence(writeOid(oids.aes256Cbc), writeDer(tags.octetString, iv))
  return {
    algorithm: writeSequence(writeOid(oids.pbes2), writeSequence(derivation, scheme)),
    ciphertext: Buffer.concat([cipher.update(plain), cipher.final()]),
  }
}

function toKeyBag(entry: NewStoreEntry, seal: (plain: Uint8Array) => Sealed): readonly Buffer[] {
  if (entry.privateKey === undefined) return []
  const pkcs8 = entry.privateKey.export({ format: 'der', type: 'pkcs8' })
  const { algorithm, ciphertext } = seal(pkcs8)
  const value = writeSequence(algorithm, writeDer(tags.octetString, ciphertext))
  return [writeBag(oids.shroudedKeyBag, value, [friendlyName(entry.alias), localKeyId(entry)])]
}

function toCertificateBags(entry: NewStoreEntry): readonly Buffer[] {
  const { alias, certificates, privateKey } = entry
  return certificates.map(({ raw }, index) => {
    const bytes = explicit(0, writeDer(tags.octetString, raw))
    const value = writeSequence(writeOid(oids.x509Certificate), bytes)
    if (privateKey === undefined) return writeBag(oids.certBag, value, [friendlyName(alias), trustedForAll()])
    return writeBag(oids.certBag, value, index === 0 ? [friendlyName(alias), localKeyId(entry)] : [])
  })
}

function writeBag(type: string, value: Buffer, attributes: readonly Buffer[]): Buffer {
  const set =
    attributes.length === 0
      ? []
      : [writeDer(tags.set, ...attributes.toSorted((one, other) => one.compare(other)))]
  return writeSequence(writeOid(type), explicit(0, value), ...set)
}

function writeAttribute(oid: string, value: Buffer): Buffer {
  return writeSequence(writeOid(oid), writeDer(tags.set, value))
}

function friendlyName(alias: string): Buffer {
  return writeAttribute(oids.friendlyName, writeDer(tags.bmpString, Buffer.from(alias, 'utf16le').swap16()))
}

function localKeyId({ alias }: NewStoreEntry): Buffer {
  return writeAttribute(oids.localKeyId, writeDer(tags.octetString, Buffer.from(alias)))
}

/** Java shows a certificate as an entry only with this mark. */
function trustedForAll(): Buffer {
  return writeAttribute(oids.trustedKeyUsage, writeOid(oids.anyExtendedKeyUsage))
}

function writeData(content: Buffer): Buffer {
  return writeSequence(writeOid(oids.data), explicit(0, writeDer(tags.octetString, content)))
}

function writeEncryptedData({ algorithm, ciphertext }: Sealed): Buffer {
  const bytes = writeDer(contextTag(0, 'primitive'), ciphertext)
  const info = writeSequence(writeOid(oids.data), algorithm, bytes)
  return writeSequence(writeOid(oids.encryptedData), explicit(0, writeSequence(writeInteger(0), info)))
}

function writeMac(content: Buffer, password: string, iterations: number): Buffer {
  const salt = randomBytes(16)
  const derivation = { digest: 'sha256', salt, iterations, purpose: purposes.mac, length: 32 }
  const mac = createHmac('sha256', derivePkcs12(password, derivation)).update(content).digest()
  const algorithm = writeSequence(writeOid(oids.sha256), writeDer(tags.null))
  const digestInfo = writeSequence(algorithm, writeDer(tags.octetString, mac))
  return writeSequence(digestInfo, writeDer(tags.octetString, salt), writeInteger(iterations))
}

function explicit(number: number, value: Buffer): Buffer {
  return writeDer(contextTag(number, 'constructed'), value)
}
