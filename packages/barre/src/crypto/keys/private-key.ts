import { createPrivateKey } from 'node:crypto'
import { Secret } from '../../core/index.ts'
import { readDer, tags } from './der.ts'
import { writeDer, writeSequence } from './der-write.ts'
import { KeyError } from './key-error.ts'
import { modernAlgorithm } from './modern-algorithm.ts'
import { openWithPassword } from './password-encryption.ts'
import { keyFileMaxBytes, readPem } from './pem.ts'
import type { KeyObject } from 'node:crypto'
import type { DerReader } from './der.ts'
import type { PemBlock } from './pem.ts'

export interface PrivateKeyOptions {
  /** Of an encrypted key. */
  readonly password?: string | Secret
}

/**
 * Reads one private key: PEM text or bytes, or DER; PKCS#8, encrypted PKCS#8, PKCS#1 or SEC1.
 * Throws KeyError: `password_required`, `wrong_password`, `malformed`, `unsupported`, `wrong_kind`,
 * `not_found` (no private key in the PEM text), `too_large`.
 */
export function readPrivateKey(source: string | Uint8Array, options: PrivateKeyOptions = {}): KeyObject {
  if (source.length > keyFileMaxBytes)
    throw new KeyError('too_large', `a key of more than ${keyFileMaxBytes} bytes`)
  const password = options.password instanceof Secret ? options.password.reveal() : options.password
  if (typeof source === 'string') return fromPem(source, password)
  if (isDer(source)) return fromDer(source, password)
  return fromPem(Buffer.from(source).toString('utf8'), password)
}

/** DER of every key and certificate begins with a SEQUENCE, which no PEM text can. */
export function isDer(bytes: Uint8Array): boolean {
  return bytes[0] === tags.sequence
}

function fromPem(text: string, password: string | undefined): KeyObject {
  const blocks = readPem(text)
  const keys = blocks.filter(({ label }) => label.endsWith('PRIVATE KEY'))
  const [block] = keys
  if (keys.length > 1)
    throw new KeyError('wrong_kind', 'PEM: one private key was expected, and there are several')
  if (block === undefined) throw new KeyError('not_found', `PEM: no private key, but ${describe(blocks)}`)
  if (block.headers.has('DEK-Info')) return fromOldPem(block, password)
  const forms: Readonly<Record<string, (bytes: Buffer) => KeyObject>> = {
    'PRIVATE KEY': fromPkcs8,
    'RSA PRIVATE KEY': (bytes) => toKey(bytes, 'pkcs1'),
    'EC PRIVATE KEY': (bytes) => toKey(bytes, 'sec1'),
    'ENCRYPTED PRIVATE KEY': (bytes) => fromEncrypted(bytes, password),
  }
  const read = forms[block.label]
  if (read === undefined) throw new KeyError('unsupported', `PEM: ${block.label} is not supported`)
  return read(block.bytes)
}

function describe(blocks: readonly PemBlock[]): string {
  return blocks.length === 0 ? 'no block at all' : blocks.map(({ label }) => label).join(', ')
}

/** The ciphers of old encrypted PEM that are still read. */
const oldPemCiphers = ['AES-128-CBC', 'AES-192-CBC', 'AES-256-CBC', 'DES-EDE3-CBC']

function fromOldPem(block: PemBlock, password: string | undefined): KeyObject {
  const cipher = block.headers.get('DEK-Info')?.split(',')[0] ?? ''
  if (!oldPemCiphers.includes(cipher))
    throw new KeyError('unsupported', `PEM: the cipher ${cipher} is not supported`)
  if (password === undefined) throw passwordRequired()
  try {
    return createPrivateKey({ key: block.text, format: 'pem', passphrase: password })
  } catch (cause) {
    throw new KeyError('wrong_password', 'the password does not open the private key', { cause })
  }
}

function passwordRequired(): KeyError {
  return new KeyError('password_required', 'the private key is encrypted: its password is needed')
}

function fromDer(bytes: Uint8Array, password: string | undefined): KeyObject {
  const outer = readDer(bytes, tags.sequence, 'private key')
  const first = outer.next().tag
  if (first === tags.sequence) return fromEncrypted(bytes, password)
  if (first !== tags.integer) throw new KeyError('wrong_kind', 'the DER is not a private key')
  const second = outer.nextTag
  if (second === tags.integer) return toKey(bytes, 'pkcs1')
  if (second === tags.octetString) return toKey(bytes, 'sec1')
  return fromPkcs8(bytes)
}

/** RFC 5958 §3. */
function fromEncrypted(bytes: Uint8Array, password: string | undefined): KeyObject {
  if (password === undefined) throw passwordRequired()
  return fromPkcs8(
    openEncrypted(readDer(bytes, tags.sequence, 'encrypted private key'), password),
    'decrypted',
  )
}

/** The decrypted bytes of an EncryptedPrivateKeyInfo, of which `info` is the inside. */
export function openEncrypted(info: DerReader, password: string): Buffer {
  const algorithm = info.enter()
  const ciphertext = info.octets()
  info.end()
  return openWithPassword(algorithm, ciphertext, password)
}

/** RFC 5958 §2. Bytes that a wrong password decrypted may have good padding by chance: one time in 256. */
export function fromPkcs8(bytes: Uint8Array, origin: 'plain' | 'decrypted' = 'plain'): KeyObject {
  try {
    const info = readDer(bytes, tags.sequence, 'private key')
    const version = info.next(tags.integer).bytes
    const algorithm = modernAlgorithm(info.next(tags.sequence).bytes)
    const key = info.octets()
    // Attributes and a public key may follow; OpenSSL reads keys without them.
    return toKey(writeSequence(version, algorithm, writeDer(tags.octetString, key)), 'pkcs8')
  } catch (error) {
    if (origin === 'plain' || !(error instanceof KeyError) || error.code !== 'malformed') throw error
    throw new KeyError('wrong_password', 'the password does not open the private key', { cause: error })
  }
}

function toKey(key: Uint8Array, type: 'pkcs1' | 'pkcs8' | 'sec1'): KeyObject {
  try {
    return createPrivateKey({ key: Buffer.from(key), format: 'der', type })
  } catch (cause) {
    throw new KeyError(
      'malformed',
      `the private key is not valid ${type}, or of a type that is not supported`,
      { cause },
    )
  }
}
