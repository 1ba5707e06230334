import type { DenialCode, Refusal, Reply } from '../../core/index.ts'

/**
 * The status code of each denial, by gRPC's numbers (which Connect has too), and its message; the denial's detail stays
 * with us.
 */
export const rpcStatuses: Readonly<Record<DenialCode, readonly [code: number, message: string]>> = {
  missing: [16, 'a credential is required'],
  invalid: [16, 'the credential is not valid'],
  expired: [16, 'the credential has expired'],
  insufficient_authentication: [16, 'a stronger authentication is required'],
  insufficient_scope: [7, 'a scope is lacking'],
  malformed: [3, 'the credential is malformed'],
  throttled: [8, 'too many requests'],
  unavailable: [14, 'the credential cannot be checked now'],
}

/** How long a throttled caller is asked to wait when the provider does not say, in seconds. */
const retryAfterDefaultSeconds = 1

/** What a refusal says beside its status: `www-authenticate` once for each challenge, `retry-after` in seconds. */
export function refusalMetadata({ denial, challenges, reply }: Refusal): Reply {
  const isAsking = denial.code !== 'throttled' && denial.code !== 'unavailable'
  const wait =
    denial.retryAfterSeconds ?? (denial.code === 'throttled' ? retryAfterDefaultSeconds : undefined)
  return sendableMetadata([
    ...reply,
    ...(isAsking ? challenges.map((challenge) => ['www-authenticate', challenge] as const) : []),
    ...(wait === undefined ? [] : [['retry-after', String(Math.max(1, Math.ceil(wait)))] as const]),
  ])
}

/** The part of a reply that gRPC's metadata can carry. */
export function sendableMetadata(reply: Reply): Reply {
  return reply.filter(([, value]) => /^[\x20-\x7e]*$/.test(value))
}
