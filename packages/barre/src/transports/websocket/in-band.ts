import { authorizationMaxBytes, ok, refuse } from '../../core/index.ts'
import type { DenialCode, Result } from '../../core/index.ts'
import { parseJsonObject } from '../../jose/index.ts'

// What client and server say to each other about the credential of an open connection, as text messages.

/** Every message of ours begins so, to the byte: others are told apart without being parsed. */
const opening = Buffer.from('{"type":"barre.')

/** The longest message of ours, in bytes: a credential, and JSON around it. */
export const inBandMaxBytes: number = authorizationMaxBytes + 256

/** What the server answers. */
export type InBandAnswer =
  | { readonly type: 'barre.authenticated' }
  | { readonly type: 'barre.refused'; readonly code: DenialCode; readonly retryAfterSeconds?: number }

/** Whether a message is about the credential and not for the handler. */
export function isInBand(message: Buffer): boolean {
  return (
    message.length >= opening.length && message.compare(opening, 0, opening.length, 0, opening.length) === 0
  )
}

/** The message that presents a credential: an Authorization value. */
export function toAuthenticate(authorization: string): string {
  return JSON.stringify({ type: 'barre.authenticate', authorization })
}

/** Reads `toAuthenticate`'s message. */
export function readAuthenticate(message: Buffer): Result<string> {
  const parsed = parseJsonObject(message, 'the message', inBandMaxBytes)
  if (parsed.ok) {
    const { type, authorization } = parsed.value
    if (type === 'barre.authenticate' && typeof authorization === 'string') return ok(authorization)
  }
  return refuse('malformed', 'expected {"type":"barre.authenticate","authorization":"..."}')
}

/** Reads what the server answers; `undefined` where it is no answer of ours. */
export function readAnswer(message: Buffer): InBandAnswer | undefined {
  const parsed = parseJsonObject(message, 'the answer', inBandMaxBytes)
  return parsed.ok ? (parsed.value as unknown as InBandAnswer) : undefined
}
