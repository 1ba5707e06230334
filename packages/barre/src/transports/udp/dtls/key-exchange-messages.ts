import { DtlsError } from './alert.ts'
import { ByteReader, number, vector } from './bytes.ts'
import { encodeSignature, readSignature } from './certificate-messages.ts'
import type { Signed } from './certificate-messages.ts'
import type { CipherSuite } from './cipher-suites.ts'

// ServerKeyExchange and ClientKeyExchange of ECDHE (RFC 8422 §5.4, §5.7), PSK (RFC 4279 §2) and both (RFC 5489 §2).

const namedCurve = 3

export interface ServerShare {
  readonly group: number
  readonly publicKey: Buffer
}

export interface ServerKeyExchange {
  /** Absent: no keys are agreed on, and the message only holds a hint. */
  readonly share?: ServerShare
  /** What `signed` covers, beside the randoms. */
  readonly parameters?: Buffer
  readonly signed?: Signed
}

export function encodeShare({ group, publicKey }: ServerShare): Buffer {
  return Buffer.concat([Buffer.of(namedCurve), number(group, 2), vector(1, publicKey)])
}

/** `parameters` are of `encodeShare`. */
export function encodeServerKeyExchange(parameters: Buffer, signed: Signed | undefined): Buffer {
  // With a pre-shared key: an empty hint at which one. Who has several is told by the server's address.
  return signed === undefined
    ? Buffer.concat([vector(2), parameters])
    : Buffer.concat([parameters, encodeSignature(signed)])
}

export function readServerKeyExchange(body: Buffer, suite: CipherSuite): ServerKeyExchange {
  const reader = new ByteReader(body)
  const hintBytes = suite.signedBy === undefined ? 2 + reader.vector(2).length : 0
  if (!suite.isEcdhe) {
    reader.end()
    return {}
  }
  if (reader.number(1) !== namedCurve) throw new DtlsError('illegal_parameter', 'a curve without a name')
  const share = { group: reader.number(2), publicKey: reader.vector(1) }
  const parameters = body.subarray(hintBytes, hintBytes + 4 + share.publicKey.length)
  if (suite.signedBy !== undefined) return { share, parameters, signed: readSignature(reader) }
  reader.end()
  return { share, parameters }
}

export interface ClientKeyExchange {
  readonly identity?: Buffer
  readonly publicKey?: Buffer
}

export function encodeClientKeyExchange({ identity, publicKey }: ClientKeyExchange): Buffer {
  return Buffer.concat([
    ...(identity === undefined ? [] : [vector(2, identity)]),
    ...(publicKey === undefined ? [] : [vector(1, publicKey)]),
  ])
}

export function readClientKeyExchange(body: Buffer, suite: CipherSuite): ClientKeyExchange {
  const reader = new ByteReader(body)
  const read = {
    ...(suite.signedBy === undefined && { identity: reader.vector(2) }),
    ...(suite.isEcdhe && { publicKey: reader.vector(1) }),
  }
  reader.end()
  return read
}
