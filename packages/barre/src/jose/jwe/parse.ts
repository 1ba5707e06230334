import { isRecord, ok, refuse } from '../../core/index.ts'
import { checkHeader, joinHeaders, readBytes, readProtectedHeader } from '../header.ts'
import type { Result } from '../../core/index.ts'
import type { JoseHeader } from '../header.ts'
import type { JsonObject } from '../json.ts'

/** The longest compact JWE that is read, in characters; of a JSON serialization, its longest member. */
export const jweMaxLength = 1_048_576
/** The most recipients that a JWE may have. */
export const recipientsMax = 16

/** The header of a JWE for one recipient, its unprotected parts included. */
export interface JweHeader extends JoseHeader {
  readonly enc: string
}

/** One way to the content key. */
export interface Recipient {
  readonly header: JweHeader
  readonly encryptedKey: Buffer
}

/** A JWE that has been read, not decrypted. */
export interface ParsedJwe {
  readonly recipients: readonly Recipient[]
  /** The part of the header that the tag covers. */
  readonly protectedHeader: JsonObject
  readonly iv: Buffer
  readonly ciphertext: Buffer
  readonly tag: Buffer
  /** All that the tag covers besides the ciphertext: the protected header, and `aad` where there is one. */
  readonly covered: Buffer
}

/**
 * Reads a JWE strictly: text is the compact serialization, a record one of the JSON serializations (RFC 7516 §7).
 * `malformed`: not of that form; `invalid`: a header that breaks a rule.
 */
export function parseJwe(jwe: string | JsonObject): Result<ParsedJwe> {
  return typeof jwe === 'string' ? parseCompact(jwe) : parseJson(jwe)
}

const notBase64url = refuse('malformed', 'a part of the JWE is not canonical base64url')

function parseCompact(token: string): Result<ParsedJwe> {
  if (token.length > jweMaxLength) return tooLong
  const segments = token.split('.', 6)
  const [protectedSegment = '', encrypted, iv, ciphertext, tag] = segments
  if (segments.length !== 5) return refuse('malformed', 'a compact JWE has five segments')
  const header = readProtectedHeader(protectedSegment)
  if (!header.ok) return header
  const rest = { iv, ciphertext, tag }
  return assemble({ ...rest, protected: protectedSegment }, header.value, [{ encrypted_key: encrypted }])
}

const tooLong = refuse('malformed', `a part of the JWE has more than ${jweMaxLength} characters`)

function parseJson(jwe: JsonObject): Result<ParsedJwe> {
  const { protected: segment = '', recipients } = jwe
  if (typeof segment !== 'string') return refuse('malformed', 'the protected header is not text')
  const texts = [segment, jwe['iv'], jwe['ciphertext'], jwe['tag'], jwe['aad']]
  if (texts.some((text) => typeof text === 'string' && text.length > jweMaxLength)) return tooLong
  // RFC 7516 §7.2.1: no protected header is the empty text, not an empty object.
  const header = segment === '' ? ok<JsonObject>({}) : readProtectedHeader(segment)
  if (!header.ok) return header
  if (recipients === undefined) return assemble(jwe, header.value, [jwe])
  if ('encrypted_key' in jwe || 'header' in jwe || !Array.isArray(recipients)) {
    return refuse('malformed', 'a JWE is either flattened or has a list of recipients')
  }
  return assemble(jwe, header.value, recipients as readonly unknown[])
}

/** Joins what the serializations have in common, under the names of the JSON one. */
function assemble(
  jwe: Readonly<Record<string, unknown>>,
  protectedHeader: JsonObject,
  members: readonly unknown[],
): Result<ParsedJwe> {
  if (members.length === 0 || members.length > recipientsMax) {
    return refuse('malformed', `a JWE has from 1 to ${recipientsMax} recipients`)
  }
  const [iv, ciphertext, tag] = ['iv', 'ciphertext', 'tag'].map((name) => readBytes(jwe[name], undefined))
  const aad = readBytes(jwe['aad'], Buffer.alloc(0))
  if (!iv || !ciphertext || !tag || !aad) return notBase64url
  const recipients: Recipient[] = []
  for (const member of members) {
    const recipient = readRecipient(member, [protectedHeader, jwe['unprotected'] ?? {}])
    if (!recipient.ok) return recipient
    recipients.push(recipient.value)
  }
  const texts = ['protected', 'aad'].map((name) => (typeof jwe[name] === 'string' ? jwe[name] : ''))
  const covered = jwe['aad'] === undefined ? texts[0] : texts.join('.')
  const content = { iv, ciphertext, tag, covered: Buffer.from(covered ?? '', 'latin1') }
  return ok({ recipients, protectedHeader, ...content })
}

function readRecipient(member: unknown, shared: readonly unknown[]): Result<Recipient> {
  if (!isRecord(member)) return refuse('malformed', 'a recipient is not an object')
  const encryptedKey = readBytes(member['encrypted_key'], Buffer.alloc(0))
  if (encryptedKey === undefined) return notBase64url
  const parts = [...shared, member['header'] ?? {}]
  if (!parts.every(isRecord)) return refuse('malformed', 'an unprotected header is not an object')
  const joined = joinHeaders(parts)
  if (!joined.ok) return joined
  const header = checkHeader<JweHeader>(joined.value)
  if (!header.ok) return header
  const problem = headerProblem(header.value, parts[0])
  return problem === undefined ? ok({ header: header.value, encryptedKey }) : refuse('invalid', problem)
}

function headerProblem(header: JsonObject, protectedHeader: JsonObject | undefined): string | undefined {
  if (typeof header['enc'] !== 'string') return 'the header has no enc'
  // RFC 7516 §4.1.13: an extension that is not understood must be refused, and none is understood here.
  if ('crit' in header) return 'the header demands an extension'
  if (!('zip' in header)) return undefined
  // RFC 7516 §4.1.3: what is not covered by the tag must not choose how the plaintext is read.
  return header['zip'] === 'DEF' && protectedHeader?.['zip'] === 'DEF'
    ? undefined
    : 'the zip is not DEF, or is not protected'
}
