import { ReadableStream } from 'node:stream/web'
import { ok, refuse } from '../../core/index.ts'
import { DecryptionError } from '../cipher/index.ts'
import { KeyError } from '../keys/index.ts'
import { isArmored, loadLibrary, readPgpPrivateKey, readPgpPublicKeys, toForm } from './pgp-keys.ts'
import type { Config, DecryptOptions, EncryptOptions, Message } from 'openpgp'
import type { Result } from '../../core/index.ts'
import type { PgpKeySource, PgpPrivateKey } from './pgp-keys.ts'

interface PgpTime {
  /** When keys must be valid, in milliseconds since the epoch; default now. */
  readonly nowMs?: number
}

export interface PgpEncryptOptions extends PgpTime {
  /** Of everybody who shall read the message. */
  readonly publicKeys: PgpKeySource | readonly PgpKeySource[]
  /** Signs the message too, inside of its encryption. */
  readonly signWith?: PgpPrivateKey
  /** Text, 64 characters a line, or bytes; default true. */
  readonly armor?: boolean
  /** Where all receivers can read it; default `aes256`. */
  readonly cipher?: 'aes128' | 'aes192' | 'aes256'
  /** Default `none`: the length of compressed data tells what is in them. */
  readonly compression?: 'none' | 'zip' | 'zlib'
}

export interface PgpDecryptOptions extends PgpTime {
  readonly privateKey: PgpPrivateKey
  /** When given, the message must be signed by one of these. */
  readonly verifyWith?: PgpKeySource | readonly PgpKeySource[]
  /** The most bytes that compressed data may grow to; default 256 MiB. */
  readonly decompressedMaxBytes?: number
}

export interface PgpSignOptions extends PgpTime {
  readonly privateKey: PgpPrivateKey
  /** Default true. */
  readonly armor?: boolean
}

export interface PgpVerifyOptions extends PgpTime {
  readonly publicKeys: PgpKeySource | readonly PgpKeySource[]
}

type Source = AsyncIterable<string | Uint8Array>

/**
 * OpenPGP (RFC 9580) by the `openpgp` library, which must be installed. Messages always have integrity
 * protection, and one without it is refused. Keys that cannot be used throw KeyError.
 */
export const pgp: {
  encrypt(data: string | Uint8Array, options: PgpEncryptOptions): Promise<Buffer>
  /** `invalid` for a message that was changed, is not for this key, or is not signed as `verifyWith` asks. */
  decrypt(message: string | Uint8Array, options: PgpDecryptOptions): Promise<Result<Buffer>>
  encryptStream(source: Source, options: PgpEncryptOptions): AsyncIterable<Buffer>
  /** Throws DecryptionError; nothing may be acted upon before its end. */
  decryptStream(source: Source, options: PgpDecryptOptions): AsyncIterable<Buffer>
  /** A signature apart from its data. */
  sign(data: string | Uint8Array, options: PgpSignOptions): Promise<Buffer>
  /** Whether the signature is of these data and one of these keys. */
  verify(
    data: string | Uint8Array,
    signature: string | Uint8Array,
    options: PgpVerifyOptions,
  ): Promise<boolean>
} = Object.freeze({ encrypt, decrypt, encryptStream, decryptStream, sign, verify })

const decompressedMaxBytes = 268_435_456

async function encrypt(data: string | Uint8Array, options: PgpEncryptOptions): Promise<Buffer> {
  const library = await loadLibrary()
  const message = await library.createMessage({ binary: toBytes(data) })
  const prepared = { ...(await toEncryptOptions(options)), message }
  const { armor = true } = options
  return orKeyError(async () =>
    Buffer.from(
      armor
        ? await library.encrypt({ ...prepared, format: 'armored' })
        : await library.encrypt({ ...prepared, format: 'binary' }),
    ),
  )
}

/** What the library refuses here is a key: expired, revoked, or not made for this. */
async function orKeyError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw new KeyError('unsupported', `PGP: a key cannot be used: ${(cause as Error).message}`, { cause })
  }
}

async function* encryptStream(source: Source, options: PgpEncryptOptions): AsyncGenerator<Buffer> {
  const library = await loadLibrary()
  const message = await library.createMessage({ binary: toBinaryStream(source) })
  const prepared = { ...(await toEncryptOptions(options)), message }
  const { armor = true } = options
  const stream = await orKeyError<unknown>(() =>
    armor
      ? library.encrypt({ ...prepared, format: 'armored' })
      : library.encrypt({ ...prepared, format: 'binary' }),
  )
  for await (const chunk of stream as Source) yield Buffer.from(chunk as Uint8Array)
}

async function toEncryptOptions(
  options: PgpEncryptOptions,
): Promise<Omit<EncryptOptions, 'message' | 'format'>> {
  const { enums } = await loadLibrary()
  const { cipher = 'aes256', compression = 'none', signWith } = options
  return {
    encryptionKeys: [...(await readPgpPublicKeys(options.publicKeys))],
    ...toDate(options),
    ...(signWith !== undefined && { signingKeys: await readPgpPrivateKey(signWith) }),
    config: {
      preferredSymmetricAlgorithm: enums.symmetric[cipher],
      preferredCompressionAlgorithm: enums.compression[compression === 'none' ? 'uncompressed' : compression],
    },
  }
}

async function decrypt(message: string | Uint8Array, options: PgpDecryptOptions): Promise<Result<Buffer>> {
  const library = await loadLibrary()
  const prepared = await toDecryptOptions(options)
  try {
    const form = toForm(message)
    const { config } = prepared
    const read =
      typeof form === 'string'
        ? await library.readMessage({ armoredMessage: form, config })
        : await library.readMessage({ binaryMessage: form, config })
    const { data } = await library.decrypt({
      ...prepared,
      message: read as Message<Uint8Array>,
      format: 'binary',
    })
    return ok(Buffer.from(data))
  } catch (error) {
    return refuse('invalid', `PGP: the message cannot be opened: ${(error as Error).message}`)
  }
}

async function* decryptStream(source: Source, options: PgpDecryptOptions): AsyncGenerator<Buffer> {
  const library = await loadLibrary()
  const prepared = await toDecryptOptions(options)
  const { config } = prepared
  try {
    const { armored, stream } = await peek(source)
    const read: unknown = armored
      ? await library.readMessage({ armoredMessage: toTextStream(stream), config })
      : await library.readMessage({ binaryMessage: toBinaryStream(stream), config })
    const message = read as Message<ReadableStream<Uint8Array>>
    const { data }: { data: unknown } = await library.decrypt({ ...prepared, message, format: 'binary' })
    for await (const chunk of data as AsyncIterable<Uint8Array>) yield Buffer.from(chunk)
  } catch (cause) {
    throw new DecryptionError('PGP: the message cannot be opened', { cause })
  }
}

type PreparedDecryption = Omit<DecryptOptions, 'message' | 'format'> & { readonly config: Partial<Config> }

async function toDecryptOptions(options: PgpDecryptOptions): Promise<PreparedDecryption> {
  const { verifyWith, decompressedMaxBytes: limit = decompressedMaxBytes } = options
  return {
    decryptionKeys: await readPgpPrivateKey(options.privateKey),
    ...toDate(options),
    ...(verifyWith !== undefined && {
      verificationKeys: [...(await readPgpPublicKeys(verifyWith))],
      expectSigned: true,
    }),
    config: { maxDecompressedMessageSize: limit },
  }
}

async function sign(data: string | Uint8Array, options: PgpSignOptions): Promise<Buffer> {
  const library = await loadLibrary()
  const message = await library.createMessage({ binary: toBytes(data) })
  const signingKeys = await readPgpPrivateKey(options.privateKey)
  const prepared = { message, signingKeys, detached: true, ...toDate(options) }
  const { armor = true } = options
  return orKeyError(async () =>
    Buffer.from(
      armor
        ? await library.sign({ ...prepared, format: 'armored' })
        : await library.sign({ ...prepared, format: 'binary' }),
    ),
  )
}

async function verify(
  data: string | Uint8Array,
  signature: string | Uint8Array,
  options: PgpVerifyOptions,
): Promise<boolean> {
  const library = await loadLibrary()
  const verificationKeys = [...(await readPgpPublicKeys(options.publicKeys))]
  try {
    const form = toForm(signature)
    const read =
      typeof form === 'string'
        ? await library.readSignature({ armoredSignature: form })
        : await library.readSignature({ binarySignature: form })
    const message = await library.createMessage({ binary: toBytes(data) })
    await library.verify({ message, signature: read, verificationKeys, expectSigned: true, format: 'binary' })
    return true
  } catch {
    return false
  }
}

function toDate({ nowMs }: PgpTime): { date?: Date } {
  return nowMs === undefined ? {} : { date: new Date(nowMs) }
}

function toBytes(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data) : data
}

function toBinaryStream(source: Source): ReadableStream<Uint8Array> {
  return ReadableStream.from(mapSource(source, toBytes))
}

function toTextStream(source: Source): ReadableStream<string> {
  return ReadableStream.from(
    mapSource(source, (chunk) => Buffer.from(chunk as Uint8Array).toString('latin1')),
  )
}

async function* mapSource<T>(source: Source, map: (chunk: string | Uint8Array) => T): AsyncGenerator<T> {
  for await (const chunk of source) yield map(chunk)
}

/** Looks at the first byte of a stream, and gives the stream back whole. */
async function peek(source: Source): Promise<{ readonly armored: boolean; readonly stream: Source }> {
  const iterator = source[Symbol.asyncIterator]()
  let first = await iterator.next()
  while (first.done !== true && first.value.length === 0) first = await iterator.next()
  async function* whole(): AsyncGenerator<string | Uint8Array> {
    for (let next = first; next.done !== true; next = await iterator.next()) yield next.value
  }
  return { armored: first.done !== true && isArmored(toBytes(first.value)), stream: whole() }
}
