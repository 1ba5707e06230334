import { randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { chain } from '../../core/index.ts'
import { encodeBase64url } from '../base64url.ts'
import { collect } from '../collect.ts'
import { contentEncryptions } from './content-encryption.ts'
import { keyManagements } from './key-management.ts'
import { recipientsMax } from './parse.ts'
import { passwordIterationsDefault } from './password.ts'
import type { Awaitable } from '../../core/index.ts'
import type { JsonObject } from '../json.ts'
import type { JweEncryption, Sealed } from './content-encryption.ts'
import type { EncryptionKey } from './jwe-key.ts'
import type { Wrapped } from './key-management.ts'

export interface EncryptOptions {
  readonly encryption: JweEncryption
  /** More of the protected header: `cty`, `typ`, `apu`, `apv`, for example. */
  readonly header?: JsonObject
  /** Compress the plaintext; default false: its length then tells of its content. */
  readonly deflate?: boolean
  /** The iteration count of PBES2; default 10,000. */
  readonly passwordIterations?: number
}

export interface EncryptJsonOptions extends EncryptOptions {
  /** A header that all recipients share and nothing protects. */
  readonly unprotected?: JsonObject
  /** Bytes that the tag covers and that travel in clear. */
  readonly additionalData?: Uint8Array
}

/** The JSON serializations (RFC 7516 §7.2): flattened for one recipient, general for more. */
export interface JweJson extends JsonObject {
  readonly protected: string
  readonly iv: string
  readonly ciphertext: string
  readonly tag: string
  readonly aad?: string
  readonly unprotected?: JsonObject
  readonly encrypted_key?: string
  readonly recipients?: readonly { readonly header: JsonObject; readonly encrypted_key?: string }[]
}

/**
 * A compact JWE. Throws a TypeError for options that contradict each other or the key; at once or, for PBES2, by
 * rejecting.
 */
export function encryptJwe(
  plaintext: string | Uint8Array,
  key: EncryptionKey,
  options: EncryptOptions,
): Awaitable<string> {
  return chain(wrapFor(key, freshContentKey(options), options), (wrapped) => {
    const header = encodeHeader({ ...headerOf(key, wrapped), enc: options.encryption, ...own(options) })
    const { iv, ciphertext, tag } = seal(
      plaintext,
      wrapped.contentKey,
      Buffer.from(header, 'latin1'),
      options,
    )
    return [header, ...[wrapped.encryptedKey, iv, ciphertext, tag].map(encodeBase64url)].join('.')
  })
}

/**
 * A JWE in a JSON serialization, for up to 16 recipients. With one, its whole header is protected. Throws as
 * `encryptJwe` does.
 */
export function encryptJweJson(
  plaintext: string | Uint8Array,
  keys: readonly EncryptionKey[],
  options: EncryptJsonOptions,
): Awaitable<JweJson> {
  checkRecipients(keys)
  checkUnprotected(options)
  const contentKey = freshContentKey(options)
  return chain(collect(keys.map((key) => wrapFor(key, contentKey, options))), (wrapped) => {
    const headers = keys.map((key, index) => headerOf(key, wrapped[index] as Wrapped))
    const [first, ...others] = wrapped
    const single = others.length === 0
    const header = encodeHeader({ ...(single && headers[0]), enc: options.encryption, ...own(options) })
    const aad = options.additionalData && encodeBase64url(options.additionalData)
    const covered = Buffer.from(aad === undefined ? header : `${header}.${aad}`, 'latin1')
    const sealed = seal(plaintext, first?.contentKey ?? contentKey, covered, options)
    const encryptedKeys = wrapped.map(({ encryptedKey }) =>
      encryptedKey.length === 0 ? {} : { encrypted_key: encodeBase64url(encryptedKey) },
    )
    return {
      protected: header,
      ...(options.unprotected && { unprotected: options.unprotected }),
      ...(single
        ? encryptedKeys[0]
        : { recipients: headers.map((member, index) => ({ header: member, ...encryptedKeys[index] })) }),
      ...(aad !== undefined && { aad }),
      iv: encodeBase64url(sealed.iv),
      ciphertext: encodeBase64url(sealed.ciphertext),
      tag: encodeBase64url(sealed.tag),
    }
  })
}

function checkRecipients(keys: readonly EncryptionKey[]): void {
  if (keys.length === 0 || keys.length > recipientsMax) {
    throw new TypeError(`a JWE has from 1 to ${recipientsMax} recipients`)
  }
  if (keys.length > 1 && keys.some(({ algorithm }) => keyManagements[algorithm].direct)) {
    throw new TypeError('dir and ECDH-ES have one recipient: use a key wrapping algorithm for several')
  }
}

/** RFC 7516 §7.2.1: a name is in one part of the header only. */
function checkUnprotected({ unprotected = {}, header = {} }: EncryptJsonOptions): void {
  const twice = Object.keys(unprotected).find((name) => reserved.includes(name) || name in header)
  if (twice !== undefined) throw new TypeError(`the unprotected header cannot hold ${twice}`)
}

function freshContentKey({ encryption }: EncryptOptions): Buffer {
  return randomBytes(contentEncryptions[encryption].keyBytes)
}

function wrapFor(key: EncryptionKey, contentKey: Buffer, options: EncryptOptions): Awaitable<Wrapped> {
  const { encryption, header = {}, passwordIterations = passwordIterationsDefault } = options
  if (key.encryption !== undefined && key.encryption !== encryption) {
    throw new TypeError(`the key is for ${key.encryption}`)
  }
  return chain(key.wrap(contentKey, { encryption, header, passwordIterations }), (wrapped) => {
    if (wrapped.contentKey.length === contentKey.length) return wrapped
    throw new TypeError(`${encryption} needs a shared key of ${contentKey.length} bytes`)
  })
}

/** What the header says of one recipient. */
function headerOf(key: EncryptionKey, { parameters }: Wrapped): JsonObject {
  return { alg: key.algorithm, ...(key.kid !== undefined && { kid: key.kid }), ...parameters }
}

const reserved = ['alg', 'enc', 'kid', 'zip', 'crit', 'epk', 'iv', 'tag', 'p2s', 'p2c']

/** The caller's part of the protected header, which cannot say what is ours to say. */
function own({ header = {}, deflate = false }: EncryptOptions): JsonObject {
  const taken = reserved.find((name) => name in header)
  if (taken !== undefined) throw new TypeError(`the header's ${taken} comes from the key and the options`)
  return { ...header, ...(deflate && { zip: 'DEF' }) }
}

function encodeHeader(header: JsonObject): string {
  return encodeBase64url(JSON.stringify(header))
}

function seal(
  plaintext: string | Uint8Array,
  contentKey: Buffer,
  covered: Buffer,
  { encryption, deflate = false }: EncryptOptions,
): Sealed & { readonly iv: Buffer } {
  const content = contentEncryptions[encryption]
  const bytes = Buffer.from(plaintext as Uint8Array)
  const iv = randomBytes(content.ivBytes)
  return { iv, ...content.encrypt(contentKey, iv, covered, deflate ? deflateRawSync(bytes) : bytes) }
}
