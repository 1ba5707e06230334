import { ok, refuse, Secret } from '../../core/index.ts'
import type { Denial, Result } from '../../core/index.ts'
import { parseJsonObject } from '../../jose/index.ts'
import type { JsonObject } from '../../jose/index.ts'

/** A token as the endpoint gave it (RFC 6749 §5.1). */
export interface TokenAnswer {
  readonly token: Secret
  readonly scheme: 'Bearer' | 'DPoP'
  readonly lifetimeSeconds?: number
  readonly refreshToken?: Secret
}

/** A refusal, and the error code of RFC 6749 §5.2 behind it. */
export interface TokenRefusal {
  readonly ok: false
  readonly denial: Denial
  readonly error?: string
}

/** The largest answer that is read, in bytes. */
export const tokenAnswerMaxBytes = 65_536

// RFC 6750 §2.1: whatever else would break the header that it is to stand in.
const b64token = /^[A-Za-z0-9\-._~+/]+=*$/

/** Judges an answer of the token endpoint; one that cannot be understood is its failure, so `unavailable`. */
export function judgeTokenAnswer(status: number, body: Buffer): Result<TokenAnswer> | TokenRefusal {
  const parsed = parseJsonObject(body, 'the answer of the token endpoint', tokenAnswerMaxBytes)
  if (status >= 200 && status < 300) {
    return parsed.ok ? readToken(parsed.value) : refuse('unavailable', parsed.denial.detail)
  }
  const error = parsed.ok ? toErrorCode(parsed.value['error']) : undefined
  if (status >= 400 && status < 500 && error !== undefined) {
    // RFC 6749 §5.2 has these for what the client did wrong; asking again would not help.
    return { ...refuse('invalid', `the token endpoint refused: ${error}`), error }
  }
  return refuse('unavailable', `the token endpoint answered with status ${status}`)
}

function readToken(answer: JsonObject): Result<TokenAnswer> {
  const { access_token: token, token_type: type = 'Bearer', refresh_token: refreshToken } = answer
  if (typeof token !== 'string' || !b64token.test(token)) {
    return refuse('unavailable', 'the token endpoint gave no usable access_token')
  }
  const scheme = toScheme(type)
  // RFC 6749 §7.1: a token of a type that is not understood must not be used.
  if (scheme === undefined) return refuse('unavailable', 'the token endpoint gave a token of an unknown type')
  const lifetimeSeconds = toSeconds(answer['expires_in'])
  return ok({
    token: new Secret(token),
    scheme,
    ...(lifetimeSeconds !== undefined && { lifetimeSeconds }),
    ...(typeof refreshToken === 'string' &&
      refreshToken !== '' && { refreshToken: new Secret(refreshToken) }),
  })
}

function toScheme(type: unknown): TokenAnswer['scheme'] | undefined {
  const name = typeof type === 'string' ? type.toLowerCase() : ''
  if (name === 'bearer') return 'Bearer'
  return name === 'dpop' ? 'DPoP' : undefined
}

/** As a number or, as some servers send it, as digits; anything else says nothing. */
function toSeconds(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value
  const isUsable = typeof seconds === 'number' && seconds >= 0 && seconds <= Number.MAX_SAFE_INTEGER / 1000
  return isUsable ? seconds : undefined
}

/** Error codes only: what else an answer says may hold what must not be logged. */
function toErrorCode(value: unknown): string | undefined {
  return typeof value === 'string' && /^[a-z_]{1,64}$/.test(value) ? value : undefined
}
