import { readCertificate, readExtensions } from './certificate.ts'
import { contextTag, DerReader, readDer, tags } from './der.ts'
import { KeyError } from './key-error.ts'
import type { X509Certificate } from 'node:crypto'
import type { OcspId } from './ocsp-request.ts'

/** What a responder says of one certificate. */
export interface OcspAnswer {
  readonly id: OcspId
  readonly status: 'good' | 'revoked' | 'unknown'
  readonly thisUpdateMs: number
  readonly nextUpdateMs: number | undefined
}

/** A successful response as it was sent: nothing of it is verified. */
export interface OcspResponse {
  /** What the signature is over. */
  readonly signed: Buffer
  /** An object identifier. */
  readonly signatureAlgorithm: string
  readonly signature: Buffer
  /** What the responder sent to prove itself. */
  readonly certificates: readonly X509Certificate[]
  /** By the DER of its name, or by the SHA-1 of its key. */
  readonly responder: { readonly name: Buffer } | { readonly keyHash: Buffer }
  readonly answers: readonly OcspAnswer[]
}

/** The longest response that is read, in bytes. */
export const ocspResponseMaxBytes = 65_536
/** The most certificates, and the most answers, that one response may hold. */
const listMax = 16

/** By their number; `successful` is 0, and 4 is not used. RFC 6960 §4.2.1. */
const failures: Readonly<Record<number, string>> = {
  1: 'malformedRequest',
  2: 'internalError',
  3: 'tryLater',
  5: 'sigRequired',
  6: 'unauthorized',
}

const what = 'OCSP response'
const basicResponse = '1.3.6.1.5.5.7.48.1.1'

/**
 * Reads a response, strictly DER (RFC 6960 §4.2.1). Throws KeyError: `not_found` where the responder says that it has
 * no answer.
 */
export function readOcspResponse(bytes: Uint8Array): OcspResponse {
  if (bytes.length > ocspResponseMaxBytes) {
    throw new KeyError('too_large', `${what}: more than ${ocspResponseMaxBytes} bytes`)
  }
  const response = readDer(bytes, tags.sequence, what)
  const status = response.next(tags.enumerated).content
  if (status.length !== 1 || status[0] !== 0) {
    throw new KeyError(
      'not_found',
      `${what}: the responder says ${failures[status[0] ?? 0] ?? 'nothing known'}`,
    )
  }
  const typed = response.enter(contextTag(0, 'constructed')).enter()
  response.end()
  if (typed.oid() !== basicResponse) throw new KeyError('unsupported', `${what}: not of the basic type`)
  return readBasic(readDer(typed.octets(), tags.sequence, what))
}

function readBasic(basic: DerReader): OcspResponse {
  const data = basic.next(tags.sequence)
  const signatureAlgorithm = basic.enter().oid()
  const signature = basic.bits()
  const list = basic.optional(contextTag(0, 'constructed'))
  basic.end()
  return {
    signed: data.bytes,
    signatureAlgorithm,
    signature,
    certificates:
      list === undefined ? [] : readList(list.content, (one) => readCertificate(one.next().bytes)),
    ...readData(new DerReader(data.content, what)),
  }
}

function readData(data: DerReader): Pick<OcspResponse, 'responder' | 'answers'> {
  // The only version, v1, is the default, which DER leaves out.
  const responder = readResponder(data)
  data.time()
  const answers = readList(data.next(tags.sequence).bytes, readAnswer)
  refuseCritical(data)
  return { responder, answers }
}

function readResponder(data: DerReader): OcspResponse['responder'] {
  const name = data.optional(contextTag(1, 'constructed'))
  if (name !== undefined) return { name: name.content }
  return { keyHash: data.enter(contextTag(2, 'constructed')).octets() }
}

function readList<T>(sequence: Buffer, read: (list: DerReader) => T): readonly T[] {
  const list = readDer(sequence, tags.sequence, what)
  const found: T[] = []
  while (list.hasMore) {
    if (found.length === listMax) throw new KeyError('too_large', `${what}: more than ${listMax} of one kind`)
    found.push(read(list))
  }
  return found
}

function readAnswer(list: DerReader): OcspAnswer {
  const answer = list.enter()
  const id = readId(answer.enter())
  const status = readStatus(answer)
  const thisUpdateMs = answer.time()
  const next = answer.optional(contextTag(0, 'constructed'))
  refuseCritical(answer)
  return {
    id,
    status,
    thisUpdateMs,
    nextUpdateMs: next === undefined ? undefined : new DerReader(next.content, what).time(),
  }
}

function readId(id: DerReader): OcspId {
  const digest = id.enter().oid()
  const [issuerName, issuerKey] = [id.octets(), id.octets()]
  const serial = id.next(tags.integer).content
  id.end()
  return { digest, issuerName, issuerKey, serial }
}

function readStatus(answer: DerReader): OcspAnswer['status'] {
  if (answer.optional(contextTag(0, 'primitive')) !== undefined) return 'good'
  if (answer.optional(contextTag(1, 'constructed')) !== undefined) return 'revoked'
  answer.next(contextTag(2, 'primitive'))
  return 'unknown'
}

/** The optional extensions that end a structure: none is known that a reader would have to obey. */
function refuseCritical(structure: DerReader): void {
  const extensions = readExtensions(structure.optional(contextTag(1, 'constructed'))?.content, what)
  structure.end()
  for (const [oid, { critical }] of extensions) {
    if (critical) throw new KeyError('unsupported', `${what}: the critical extension ${oid} is not known`)
  }
}
