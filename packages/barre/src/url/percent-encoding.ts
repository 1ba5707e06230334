import { ok, refuse } from '../core/index.ts'
import type { Result } from '../core/index.ts'

/** The character sets that text can be encoded in; their names are compared without case. */
export type Charset = 'UTF-8' | 'US-ASCII' | 'ISO-8859-1' | 'UTF-16BE' | 'UTF-16LE'

export interface UrlOptions {
  /** Default `UTF-8`. */
  readonly charset?: Charset
}

interface Codec {
  readonly toBytes: (text: string) => Buffer
  /** Throws, or gives other text than it got, when the bytes are not of this charset. */
  readonly toText: (bytes: Uint8Array) => string
}

const codecs: Readonly<Record<Charset, Codec>> = {
  'UTF-8': { toBytes: (text) => Buffer.from(text), toText: decoder('utf-8') },
  'US-ASCII': { toBytes: (text) => Buffer.from(text, 'latin1'), toText: asciiToText },
  'ISO-8859-1': {
    toBytes: (text) => Buffer.from(text, 'latin1'),
    toText: (bytes) => Buffer.from(bytes).toString('latin1'),
  },
  'UTF-16BE': { toBytes: (text) => Buffer.from(text, 'utf16le').swap16(), toText: decoder('utf-16be') },
  'UTF-16LE': { toBytes: (text) => Buffer.from(text, 'utf16le'), toText: decoder('utf-16le') },
}

function decoder(label: string): (bytes: Uint8Array) => string {
  const strict = new TextDecoder(label, { fatal: true, ignoreBOM: true })
  return (bytes) => strict.decode(bytes)
}

function asciiToText(bytes: Uint8Array): string {
  if (bytes.some((octet) => octet > 0x7f)) throw new RangeError('not US-ASCII')
  return Buffer.from(bytes).toString('latin1')
}

/**
 * Percent-encodes everything but letters, digits and `-_.~` (RFC 3986 §2.3), so that the text can stand in any
 * part of a URL. `malformed` for text that the charset cannot hold, half surrogates included, or an unknown
 * charset.
 */
export function encode(value: string, options: UrlOptions = {}): Result<string> {
  const codec = findCodec(options.charset)
  if (codec === undefined) return unknownCharset(options.charset)
  let encoded = ''
  for (const [, kept = '', rest = ''] of value.matchAll(/([A-Za-z0-9\-_.~]*)([^A-Za-z0-9\-_.~]*)/g)) {
    const bytes = codec.toBytes(rest)
    if (read(codec, bytes) !== rest)
      return refuse('malformed', `the text has characters outside of its charset`)
    encoded += kept + toPercents(bytes)
  }
  return ok(encoded)
}

function toPercents(bytes: Buffer): string {
  return bytes.toString('hex').toUpperCase().replaceAll(/../g, '%$&')
}

/**
 * Undoes percent-encoding; `+` is a space. `malformed` for a `%` without two hexadecimal digits, bytes that
 * are not of the charset, or an unknown charset.
 */
export function decode(value: string, options: UrlOptions = {}): Result<string> {
  const codec = findCodec(options.charset)
  if (codec === undefined) return unknownCharset(options.charset)
  let decoded = ''
  for (const [part] of value.matchAll(/(?:%[0-9A-Fa-f]{2})+|[^%]+|%/g)) {
    if (part === '%') return refuse('malformed', 'a % without two hexadecimal digits')
    const text = part.startsWith('%') ? read(codec, toBytes(part)) : part.replaceAll('+', ' ')
    if (text === undefined) return refuse('malformed', 'bytes that are not of the charset')
    decoded += text
  }
  return ok(decoded)
}

function toBytes(percents: string): Buffer {
  return Buffer.from(percents.replaceAll('%', ''), 'hex')
}

function read({ toText }: Codec, bytes: Uint8Array): string | undefined {
  try {
    return toText(bytes)
  } catch {
    return undefined
  }
}

function findCodec(charset: string = 'UTF-8'): Codec | undefined {
  const name = charset.toUpperCase()
  return Object.hasOwn(codecs, name) ? codecs[name as Charset] : undefined
}

function unknownCharset(charset: string | undefined): ReturnType<typeof refuse> {
  return refuse('malformed', `the charset ${charset} is not known; ${Object.keys(codecs).join(', ')} are`)
}
