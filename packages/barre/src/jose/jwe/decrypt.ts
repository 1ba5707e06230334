import { randomBytes } from 'node:crypto'
import { inflateRawSync } from 'node:zlib'
import { chain, isPromise, ok, refuse } from '../../core/index.ts'
import { contentEncryptions, isJweEncryption } from './content-encryption.ts'
import { isJweAlgorithm, keyManagements } from './key-management.ts'
import { parseJwe } from './parse.ts'
import { passwordIterationsDefault } from './password.ts'
import type { Awaitable, Result } from '../../core/index.ts'
import type { JsonObject } from '../json.ts'
import type { ContentEncryption, JweEncryption } from './content-encryption.ts'
import type { DecryptionKey } from './jwe-key.ts'
import type { KeyContext, KeyManagement, Unwrap } from './key-management.ts'
import type { JweHeader, ParsedJwe, Recipient } from './parse.ts'

/** The largest plaintext that a compressed JWE may grow to, in bytes. */
export const inflatedMaxBytes = 262_144

export interface DecryptOptions {
  /** The content encryptions to accept; default: all. */
  readonly encryptions?: readonly JweEncryption[]
  /** Accept compressed plaintext (`zip`), of at most `inflatedMaxBytes`; default false. */
  readonly inflate?: boolean
  /** The highest iteration count of PBES2 to accept; default 10,000. */
  readonly passwordIterationsMax?: number
}

/** A plaintext whose every byte is the sender's, and the header that came with it. */
export interface Decrypted {
  readonly plaintext: Buffer
  readonly header: JweHeader
  /** The part of `header` that is the sender's for certain. */
  readonly protectedHeader: JsonObject
}

/**
 * Decrypts a JWE: text is the compact serialization, a record one of the JSON serializations. Read the record
 * with `parseJsonObject`: `JSON.parse` hides members that are there twice. Every failure after a
 * key was chosen is the same refusal, `invalid`, at the same cost: which step failed is an oracle.
 */
export function decryptJwe(
  jwe: string | JsonObject,
  keys: DecryptionKey | readonly DecryptionKey[],
  options: DecryptOptions = {},
): Awaitable<Result<Decrypted>> {
  const parsed = parseJwe(jwe)
  if (!parsed.ok) return parsed
  const candidates = findCandidates(
    parsed.value,
    Array.isArray(keys) ? keys : [keys as DecryptionKey],
    options,
  )
  return candidates.ok ? openFirst(parsed.value, candidates.value, options) : candidates
}

/** A recipient, the key for it, and what both mean. */
interface Candidate {
  readonly recipient: Recipient
  readonly management: KeyManagement
  readonly unwrap: Unwrap
  readonly content: ContentEncryption
  readonly context: KeyContext
}

function findCandidates(
  { recipients }: ParsedJwe,
  keys: readonly DecryptionKey[],
  options: DecryptOptions,
): Result<readonly Candidate[]> {
  const candidates: Candidate[] = []
  for (const recipient of recipients) {
    const fitting = keys.filter((key) => takes(key, recipient.header, options))
    if (fitting.length > 1) return refuse('invalid', 'more than one key fits the header')
    const candidate = fitting[0] === undefined ? undefined : toCandidate(recipient, fitting[0], options)
    if (candidate === undefined) continue
    const problem = problemOf(candidate, recipients.length)
    if (problem !== undefined) return refuse('invalid', problem)
    candidates.push(candidate)
  }
  return candidates.length > 0
    ? ok(candidates)
    : refuse('invalid', 'no key takes the alg, enc and kid of the header')
}

function takes(key: DecryptionKey, header: JweHeader, { encryptions }: DecryptOptions): boolean {
  const { alg, enc, kid } = header
  if (!key.unwrappers.has(alg) || (key.encryption !== undefined && key.encryption !== enc)) return false
  if (encryptions !== undefined && !(encryptions as readonly string[]).includes(enc)) return false
  return kid === undefined || key.kid === undefined || key.kid === kid
}

function toCandidate(
  recipient: Recipient,
  key: DecryptionKey,
  { passwordIterationsMax = passwordIterationsDefault }: DecryptOptions,
): Candidate | undefined {
  const { header } = recipient
  const unwrap = key.unwrappers.get(header.alg)
  if (unwrap === undefined || !isJweAlgorithm(header.alg) || !isJweEncryption(header.enc)) return undefined
  const context = { encryption: header.enc, header, passwordIterations: passwordIterationsMax }
  const rows = { management: keyManagements[header.alg], content: contentEncryptions[header.enc] }
  return { recipient, unwrap, context, ...rows }
}

/** What anybody can see is wrong, before a key is touched. */
function problemOf({ recipient, management, context }: Candidate, recipients: number): string | undefined {
  if (management.direct) {
    // Two recipients of one content key would each have to have it already: another's key is a forger's.
    if (recipients > 1) return 'a content key that is agreed or shared has one recipient'
    if (recipient.encryptedKey.length > 0) return 'the algorithm has no encrypted key, and there is one'
  }
  return management.headerProblem?.(context)
}

const failed: Result<never> = refuse('invalid', 'the JWE cannot be decrypted')

function openFirst(
  jwe: ParsedJwe,
  candidates: readonly Candidate[],
  options: DecryptOptions,
): Awaitable<Result<Decrypted>> {
  const [candidate, ...others] = candidates
  if (candidate === undefined) return failed
  return chain(contentKeyFor(candidate), (contentKey) => {
    const { iv, covered, protectedHeader } = jwe
    const plaintext = candidate.content.decrypt(contentKey, iv, covered, jwe)
    if (plaintext === undefined) return openFirst(jwe, others, options)
    return inflate({ plaintext, header: candidate.recipient.header, protectedHeader }, options)
  })
}

/**
 * RFC 7516 §11.5: where the content key cannot be had, a random one takes its place, so that a wrong padding, a wrong
 * length and a wrong tag all end at the tag.
 */
function contentKeyFor({ recipient, unwrap, content, context }: Candidate): Awaitable<Buffer> {
  const substitute = randomBytes(content.keyBytes)
  const pick = (found: Buffer): Buffer => (found.length === content.keyBytes ? found : substitute)
  try {
    const found = unwrap(recipient.encryptedKey, context)
    return isPromise(found) ? found.then(pick, () => substitute) : pick(found)
  } catch {
    return substitute
  }
}

function inflate(decrypted: Decrypted, options: DecryptOptions): Result<Decrypted> {
  if (!('zip' in decrypted.header)) return ok(decrypted)
  if (options.inflate !== true) return refuse('invalid', 'compressed plaintext is not accepted here')
  try {
    const plaintext = inflateRawSync(decrypted.plaintext, { maxOutputLength: inflatedMaxBytes })
    return ok({ ...decrypted, plaintext })
  } catch {
    return refuse('invalid', `the plaintext does not inflate within ${inflatedMaxBytes} bytes`)
  }
}
