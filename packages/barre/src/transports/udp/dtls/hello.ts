import { DtlsError } from './alert.ts'
import { ByteReader, number, numbers, vector } from './bytes.ts'
import { groups } from './groups.ts'
import { versions } from './record.ts'
import { schemeIds } from './signatures.ts'

// The messages that say what the two sides can do (RFC 5246 §7.4.1, RFC 6347 §4.3.2).

export const randomBytes = 32

export interface ClientHello {
  readonly version: number
  readonly random: Buffer
  readonly cookie: Buffer
  readonly suites: readonly number[]
  readonly groups: readonly number[]
  readonly schemes: readonly number[]
  readonly hasExtendedMasterSecret: boolean
  /** Whether it knows RFC 5746, which is a sign of our asking for it. */
  readonly hasSecureRenegotiation: boolean
  /** All but the cookie: what the cookie vouches for. */
  readonly withoutCookie: readonly Buffer[]
}

export interface ServerHello {
  readonly random: Buffer
  readonly suite: number
}

const extensions = {
  serverName: 0,
  supportedGroups: 10,
  pointFormats: 11,
  signatureAlgorithms: 13,
  extendedMasterSecret: 23,
  renegotiationInfo: 0xff01,
} as const

/** Stands among the cipher suites for an empty renegotiation_info (RFC 5746 §3.3). */
const renegotiationScsv = 0x00ff

const uncompressedPoints = Buffer.of(0)
const noCompression = 0
const nothing = Buffer.alloc(0)

export function readClientHello(body: Buffer): ClientHello {
  const reader = new ByteReader(body)
  const version = reader.number(2)
  const random = reader.bytes(randomBytes)
  const sessionId = reader.vector(1)
  const beforeCookie = body.subarray(0, 2 + randomBytes + 1 + sessionId.length)
  const cookie = reader.vector(1)
  const afterCookie = body.subarray(beforeCookie.length + 1 + cookie.length)
  const suites = reader.numbers(2)
  if (!reader.vector(1).includes(noCompression)) {
    throw new DtlsError('illegal_parameter', 'a hello without the null compression')
  }
  const found = readExtensions(reader)
  const list = (type: number): readonly number[] => readNumbers(found.get(type))
  return {
    version,
    random,
    cookie,
    suites,
    groups: list(extensions.supportedGroups),
    schemes: list(extensions.signatureAlgorithms),
    hasExtendedMasterSecret: found.get(extensions.extendedMasterSecret)?.length === 0,
    hasSecureRenegotiation:
      suites.includes(renegotiationScsv) || isEmptyRenegotiation(found.get(extensions.renegotiationInfo)),
    withoutCookie: [beforeCookie, afterCookie],
  }
}

export interface ClientOffer {
  readonly random: Uint8Array
  readonly suites: readonly number[]
  readonly serverName: string | undefined
}

export function encodeClientHello(
  { random, suites, serverName }: ClientOffer,
  cookie: Buffer = nothing,
): Buffer {
  const name = serverName === undefined ? [] : [serverNameExtension(serverName)]
  return Buffer.concat([
    number(versions.dtls12, 2),
    random,
    vector(1),
    vector(1, cookie),
    numbers(2, suites),
    vector(1, Buffer.of(noCompression)),
    vector(
      2,
      ...name,
      extension(
        extensions.supportedGroups,
        numbers(
          2,
          groups.map(({ id }) => id),
        ),
      ),
      extension(extensions.pointFormats, vector(1, uncompressedPoints)),
      extension(extensions.signatureAlgorithms, numbers(2, schemeIds)),
      extension(extensions.extendedMasterSecret, nothing),
      extension(extensions.renegotiationInfo, vector(1)),
    ),
  ])
}

/** RFC 6066 §3. */
function serverNameExtension(name: string): Buffer {
  return extension(extensions.serverName, vector(2, Buffer.of(0), vector(2, Buffer.from(name, 'latin1'))))
}

export function encodeServerHello({ random, suite }: ServerHello): Buffer {
  return Buffer.concat([
    number(versions.dtls12, 2),
    random,
    vector(1),
    number(suite, 2),
    Buffer.of(noCompression),
    vector(
      2,
      extension(extensions.extendedMasterSecret, nothing),
      extension(extensions.renegotiationInfo, vector(1)),
    ),
  ])
}

/** Reads the server's choice, which must be among what we offered, with the extensions that we insist on. */
export function readServerHello(body: Buffer, offered: readonly number[]): ServerHello {
  const reader = new ByteReader(body)
  if (reader.number(2) !== versions.dtls12)
    throw new DtlsError('protocol_version', 'the server is not for DTLS 1.2')
  const random = reader.bytes(randomBytes)
  reader.vector(1)
  const suite = reader.number(2)
  const compression = reader.number(1)
  if (!offered.includes(suite) || compression !== noCompression) {
    throw new DtlsError('illegal_parameter', 'the server chose what was not offered')
  }
  const found = readExtensions(reader)
  for (const type of found.keys()) {
    if (Object.values<number>(extensions).includes(type)) continue
    throw new DtlsError('unsupported_extension', 'the server sent an extension that was not offered')
  }
  const isSecure =
    found.get(extensions.extendedMasterSecret)?.length === 0 &&
    isEmptyRenegotiation(found.get(extensions.renegotiationInfo))
  if (isSecure) return { random, suite }
  throw new DtlsError(
    'handshake_failure',
    'the server knows no extended master secret or secure renegotiation',
  )
}

export function encodeHelloVerifyRequest(cookie: Buffer): Buffer {
  return Buffer.concat([number(versions.dtls10, 2), vector(1, cookie)])
}

/** The cookie. */
export function readHelloVerifyRequest(body: Buffer): Buffer {
  const reader = new ByteReader(body)
  reader.number(2)
  const cookie = reader.vector(1)
  reader.end()
  return cookie
}

function extension(type: number, content: Buffer): Buffer {
  return Buffer.concat([number(type, 2), vector(2, content)])
}

function readExtensions(reader: ByteReader): ReadonlyMap<number, Buffer> {
  const found = new Map<number, Buffer>()
  if (!reader.hasMore) return found
  const list = new ByteReader(reader.vector(2))
  reader.end()
  while (list.hasMore) {
    const type = list.number(2)
    const content = list.vector(2)
    if (found.has(type)) throw new DtlsError('decode_error', 'an extension is there twice')
    found.set(type, content)
  }
  return found
}

function readNumbers(content: Buffer | undefined): readonly number[] {
  if (content === undefined) return []
  const reader = new ByteReader(content)
  const values = reader.numbers(2)
  reader.end()
  return values
}

/** Of a first handshake: nothing is renegotiated. */
function isEmptyRenegotiation(content: Buffer | undefined): boolean {
  return content?.length === 1 && content[0] === 0
}
