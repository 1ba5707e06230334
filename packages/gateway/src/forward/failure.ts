import { BodyTooLarge } from './limited-body.ts'

/** Why a request could not be forwarded, or its answer not be fetched. */
export type FailureCode = 'payload_too_large' | 'gateway_timeout' | 'bad_gateway'

const timeouts: ReadonlySet<unknown> = new Set([
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
])

/** Whose fault it is, as HTTP says it: ours is never an answer here. */
export function toFailure(error: unknown): FailureCode {
  if (error instanceof BodyTooLarge) return 'payload_too_large'
  return timeouts.has((error as { code?: unknown }).code) ? 'gateway_timeout' : 'bad_gateway'
}
