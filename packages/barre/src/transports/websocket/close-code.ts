import type { Denial, DenialCode } from '../../core/index.ts'

/** How an open connection ends: a code of the range that is private to applications, and a word. */
export interface Close {
  readonly code: number
  readonly reason: string
}

const unauthorized: Close = { code: 4401, reason: 'unauthorized' }

const closes: Readonly<Record<DenialCode, Close>> = {
  missing: unauthorized,
  invalid: unauthorized,
  expired: unauthorized,
  insufficient_authentication: { code: 4401, reason: 'insufficient_user_authentication' },
  insufficient_scope: { code: 4403, reason: 'insufficient_scope' },
  malformed: { code: 4400, reason: 'invalid_request' },
  throttled: { code: 4429, reason: 'too_many_requests' },
  unavailable: { code: 4503, reason: 'temporarily_unavailable' },
}

/** Says a refusal on an open connection. The denial's detail stays here. */
export function toClose({ code }: Pick<Denial, 'code'>): Close {
  return closes[code]
}
