import type { OutgoingHttpHeaders } from 'node:http'
import { Metadata } from '@grpc/grpc-js'
import type { status } from '@grpc/grpc-js'
import type { DenialCode, Refusal, Reply } from '../../core/index.ts'
import { refusalMetadata, rpcStatuses, sendableMetadata } from '../rpc/index.ts'

/** The gRPC status code and its message for each denial; the denial's detail stays with us. */
export const grpcStatuses: Readonly<Record<DenialCode, readonly [code: status, message: string]>> =
  rpcStatuses

/** A refusal as the headers of an answer that is nothing but its status (a "Trailers-Only" response). */
export function toTrailersOnly(refusal: Refusal): OutgoingHttpHeaders {
  const [code, message] = grpcStatuses[refusal.denial.code]
  return {
    ...toMetadata(refusalMetadata(refusal)).toHttp2Headers(),
    ':status': 200,
    'content-type': 'application/grpc+proto',
    'grpc-status': String(code),
    'grpc-message': encodeURI(message),
  }
}

/** What a provider has to say beside its verdict; a value that gRPC cannot carry is left out. */
export function toMetadata(reply: Reply): Metadata {
  const metadata = new Metadata()
  for (const [name, value] of sendableMetadata(reply)) metadata.add(name, value)
  return metadata
}
