import { authorizationMaxBytes, ok, refuse } from '../../core/index.ts'
import type { DenialCode, Reply, Result } from '../../core/index.ts'
import { parseJsonObject } from '../../jose/index.ts'

// What client and server say to each other about the credential of an open connection, as text messages.

/** Every message of ours begins so, to the byte: others are told apart without being parsed. */
const opening = Buffer.from('{"type":"barre.')

/** The longest proof of a key that is taken, in bytes. */
const proofMaxBytes = 8192

/** The longest message of ours, in bytes: a credential with its proof, and JSON around them. */
export const inBandMaxBytes: number = authorizationMaxBytes + proofMaxBytes + 256

/** A credential in a message: the headers that would bring it over HTTP. */
export interface Presented {
  readonly authorization: string
  /** The proof of the key that a token is bound to (RFC 9449), of the URL that was connected to, for GET. */
  readonly dpop?: string
}

/** What the server answers. `headers`: what it would say so over HTTP, such as a nonce for proofs. */
export type InBandAnswer =
  | { readonly type: 'barre.authenticated'; readonly headers?: AnswerHeaders }
  | {
      readonly type: 'barre.refused'
      readonly code: DenialCode
      readonly retryAfterSeconds?: number
      readonly headers?: AnswerHeaders
    }

type AnswerHeaders = Readonly<Record<string, string>>

/** Whether a message is about the credential and not for the handler. */
export function isInBand(message: Buffer): boolean {
  return (
    message.length >= opening.length && message.compare(opening, 0, opening.length, 0, opening.length) === 0
  )
}

/** The message that presents a credential. */
export function toAuthenticate(presented: Presented): string {
  return JSON.stringify({ type: 'barre.authenticate', ...presented })
}

/** Reads `toAuthenticate`'s message. */
export function readAuthenticate(message: Buffer): Result<Presented> {
  const parsed = parseJsonObject(message, 'the message', inBandMaxBytes)
  if (parsed.ok) {
    const { type, authorization, dpop } = parsed.value
    if (type === 'barre.authenticate' && typeof authorization === 'string') {
      if (dpop === undefined) return ok({ authorization })
      if (typeof dpop === 'string') return ok({ authorization, dpop })
    }
  }
  return refuse('malformed', 'expected {"type":"barre.authenticate","authorization":"..."}')
}

/** What an answer says beside its verdict. */
export function toAnswerHeaders(reply: Reply): { readonly headers?: AnswerHeaders } {
  return reply.length === 0 ? {} : { headers: Object.fromEntries(reply) }
}

/** Reads what the server answers; `undefined` where it is no answer of ours. */
export function readAnswer(message: Buffer): InBandAnswer | undefined {
  const parsed = parseJsonObject(message, 'the answer', inBandMaxBytes)
  return parsed.ok ? (parsed.value as unknown as InBandAnswer) : undefined
}
