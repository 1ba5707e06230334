import { createHash, timingSafeEqual } from 'node:crypto'
import { readCertificate } from './certificate.ts'
import { readDer, tags } from './der.ts'
import { KeyError } from './key-error.ts'
import { chainMax, keyStore, storeEntriesMax } from './key-store.ts'
import { oids } from './oids.ts'
import { fromPkcs8 } from './private-key.ts'
import type { KeyObject, X509Certificate } from 'node:crypto'
import type { KeyStore, StoreEntry } from './key-store.ts'

const magic = 0xfeedfeed
const digestBytes = 20
const saltBytes = 20

export function isJks(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && Buffer.from(bytes.subarray(0, 4)).readUInt32BE() === magic
}

/** Reads the key store of old Java: `keytool -storetype JKS`. */
export function readJks(bytes: Uint8Array, password: string): KeyStore {
  const store = Buffer.from(bytes)
  const body = store.subarray(0, Math.max(0, store.length - digestBytes))
  const entries = readEntries(new JavaReader(body))
  const digest = createHash('sha1').update(toChars(password)).update('Mighty Aphrodite').update(body).digest()
  if (!timingSafeEqual(digest, padded(store.subarray(body.length)))) throw mismatch(entries, password)
  return keyStore(entries, password)
}

function padded(digest: Buffer): Buffer {
  return digest.length === digestBytes ? digest : Buffer.alloc(digestBytes)
}

/** A key that the password opens proves the password: then it is the store that is damaged. */
function mismatch(entries: readonly StoreEntry[], password: string): KeyError {
  const isRight = entries.some(({ openKey }) => {
    try {
      return openKey !== undefined && openKey(password) !== undefined
    } catch {
      return false
    }
  })
  return isRight
    ? new KeyError('damaged', 'JKS: the store was changed after it was written')
    : new KeyError('wrong_password', 'JKS: the password does not open the store')
}

function readEntries(reader: JavaReader): readonly StoreEntry[] {
  reader.expect(magic)
  const version = reader.uint32()
  if (version !== 1 && version !== 2) throw new KeyError('unsupported', `JKS: version ${version}`)
  const count = reader.uint32()
  if (count > storeEntriesMax) throw new KeyError('too_large', `JKS: more than ${storeEntriesMax} entries`)
  const entries = Array.from({ length: count }, () => readEntry(reader, version))
  reader.end()
  return entries
}

function readEntry(reader: JavaReader, version: number): StoreEntry {
  const kind = reader.uint32()
  const alias = reader.text()
  reader.bytes(8)
  if (kind === 2) return { alias, certificates: [readChainCertificate(reader, version)] }
  if (kind !== 1) throw new KeyError('unsupported', 'JKS: an entry that is neither a key nor a certificate')
  const protectedKey = reader.bytes(reader.uint32())
  const length = reader.uint32()
  if (length > chainMax) throw new KeyError('too_large', `JKS: a chain of more than ${chainMax} certificates`)
  const certificates = Array.from({ length }, () => readChainCertificate(reader, version))
  return { alias, certificates, openKey: (password) => openJksKey(protectedKey, password) }
}

function readChainCertificate(reader: JavaReader, version: number): X509Certificate {
  if (version === 2) {
    const type = reader.text()
    if (type !== 'X.509') throw new KeyError('unsupported', `JKS: a certificate of type ${type}`)
  }
  return readCertificate(reader.bytes(reader.uint32()))
}

/** Java's own key protection: a stream of SHA-1 digests over password and salt, and one digest as its check. */
function openJksKey(bytes: Buffer, password: string): KeyObject {
  const info = readDer(bytes, tags.sequence, 'JKS key')
  const oid = info.enter().oid()
  if (oid !== oids.keyProtectorJks)
    throw new KeyError('unsupported', `JKS: the key protection ${oid} is not supported`)
  const sealed = info.octets()
  if (sealed.length < saltBytes + digestBytes) throw new KeyError('malformed', 'JKS: a key that ends early')
  const ciphertext = sealed.subarray(saltBytes, -digestBytes)
  const chars = toChars(password)
  const plain = Buffer.alloc(ciphertext.length)
  let block = sealed.subarray(0, saltBytes)
  for (let offset = 0; offset < plain.length; offset += digestBytes) {
    block = createHash('sha1').update(chars).update(block).digest()
    for (let index = offset; index < Math.min(offset + digestBytes, plain.length); index++) {
      plain[index] = ciphertext[index]! ^ block[index - offset]!
    }
  }
  const check = createHash('sha1').update(chars).update(plain).digest()
  if (!timingSafeEqual(check, sealed.subarray(-digestBytes))) {
    throw new KeyError('wrong_password', 'JKS: the password does not open the key')
  }
  return fromPkcs8(plain)
}

function toChars(password: string): Buffer {
  return Buffer.from(password, 'utf16le').swap16()
}

/** What java.io.DataOutputStream writes. */
class JavaReader {
  readonly #bytes: Buffer
  #offset = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  bytes(length: number): Buffer {
    if (length > this.#bytes.length - this.#offset) throw new KeyError('malformed', 'JKS: it ends early')
    this.#offset += length
    return this.#bytes.subarray(this.#offset - length, this.#offset)
  }

  uint32(): number {
    return this.bytes(4).readUInt32BE()
  }

  /** Java's modified UTF-8 differs from UTF-8 only in characters that no alias of ours has. */
  text(): string {
    return this.bytes(this.bytes(2).readUInt16BE()).toString('utf8')
  }

  expect(value: number): void {
    if (this.uint32() !== value) throw new KeyError('wrong_kind', 'this is not a JKS store')
  }

  end(): void {
    if (this.#offset !== this.#bytes.length)
      throw new KeyError('malformed', 'JKS: bytes behind the last entry')
  }
}
