import type { OutgoingHttpHeaders } from 'node:http'
import { Metadata, status } from '@grpc/grpc-js'
import type { DenialCode, Refusal, Reply } from '../../core/index.ts'

/** The gRPC status code and its message for each denial; the denial's detail stays with us. */
export const grpcStatuses: Readonly<Record<DenialCode, readonly [code: status, message: string]>> = {
  missing: [status.UNAUTHENTICATED, 'a credential is required'],
  invalid: [status.UNAUTHENTICATED, 'the credential is not valid'],
  expired: [status.UNAUTHENTICATED, 'the credential has expired'],
  insufficient_authentication: [status.UNAUTHENTICATED, 'a stronger authentication is required'],
  insufficient_scope: [status.PERMISSION_DENIED, 'a scope is lacking'],
  malformed: [status.INVALID_ARGUMENT, 'the credential is malformed'],
  throttled: [status.RESOURCE_EXHAUSTED, 'too many requests'],
  unavailable: [status.UNAVAILABLE, 'the credential cannot be checked now'],
}

/** How long a throttled caller is asked to wait when the provider does not say, in seconds. */
const retryAfterDefaultSeconds = 1

/** A refusal as the headers of an answer that is nothing but its status (a "Trailers-Only" response). */
export function toTrailersOnly({ denial, challenges, reply }: Refusal): OutgoingHttpHeaders {
  const [code, message] = grpcStatuses[denial.code]
  const isAsking = denial.code !== 'throttled' && denial.code !== 'unavailable'
  const wait =
    denial.retryAfterSeconds ?? (denial.code === 'throttled' ? retryAfterDefaultSeconds : undefined)
  return {
    ...toMetadata([
      ...reply,
      ...(isAsking ? challenges.map((challenge) => ['www-authenticate', challenge] as const) : []),
      ...(wait === undefined ? [] : [['retry-after', String(Math.max(1, Math.ceil(wait)))] as const]),
    ]).toHttp2Headers(),
    ':status': 200,
    'content-type': 'application/grpc+proto',
    'grpc-status': String(code),
    'grpc-message': encodeURI(message),
  }
}

/** What a provider has to say beside its verdict; a value that gRPC cannot carry is left out. */
export function toMetadata(reply: Reply): Metadata {
  const metadata = new Metadata()
  for (const [name, value] of reply) if (/^[\x20-\x7e]*$/.test(value)) metadata.add(name, value)
  return metadata
}
