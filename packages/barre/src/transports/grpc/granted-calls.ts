import { ServerInterceptingCall } from '@grpc/grpc-js'
import type { Metadata, ServerInterceptingCallInterface, ServerInterceptor } from '@grpc/grpc-js'
import type { ServerHttp2Stream } from 'node:http2'
import { watch } from '../../core/index.ts'
import type { Denial, Policy, Principal, Reply, Services } from '../../core/index.ts'
import { grpcStatuses, toMetadata } from './status.ts'

/** What the guard found out about a call that it lets in. */
export interface Grant {
  readonly stream: ServerHttp2Stream
  readonly principal: Principal | undefined
  readonly reply: Reply
  /** By which it was decided; absent: the method is open. */
  readonly policy: Policy | undefined
}

/** What was decided about the call whose metadata a handler has. */
export const grants: WeakMap<Metadata, Grant> = new WeakMap<Metadata, Grant>()

/** By which policy a call was let in. */
export function grantedPolicyOf(metadata: Metadata): Policy | undefined {
  return grants.get(metadata)?.policy
}

/** How long an ended stream may take to send what was written before, in milliseconds. */
const endMs = 5_000

/**
 * Hands what the guard found out over to gRPC's own view of the call. gRPC runs its interceptors while it takes a
 * stream, so that the grant of that stream is the current one.
 */
export function grantedCalls(services: Pick<Services, 'now' | 'revocations'>): {
  readonly grant: (grant: Grant, take: () => void) => void
  readonly interceptor: ServerInterceptor
} {
  let current: Grant | undefined
  return {
    grant(grant, take) {
      current = grant
      try {
        take()
      } finally {
        current = undefined
      }
    },
    interceptor(method, call) {
      if (current === undefined) throw new Error('a gRPC call came past its guard')
      return intercepted(call, current, method.requestStream || method.responseStream, services)
    },
  }
}

function intercepted(
  call: ServerInterceptingCallInterface,
  grant: Grant,
  isStream: boolean,
  services: Pick<Services, 'now' | 'revocations'>,
): ServerInterceptingCall {
  const { stream, principal, reply } = grant
  let hasEnded = false
  const end = ({ code }: Denial): void => {
    hasEnded = true
    const [status, details] = grpcStatuses[code]
    call.sendStatus({ code: status, details })
    // A caller who does not read must not keep what its credential no longer opens.
    const timer = setTimeout(() => stream.close(), endMs)
    stream.once('close', () => clearTimeout(timer))
  }
  return new ServerInterceptingCall(call, {
    start(next) {
      next({
        onReceiveMetadata(metadata, proceed) {
          grants.set(metadata, grant)
          if (principal !== undefined && isStream) stream.once('close', watch(principal, end, services))
          if (!hasEnded) proceed(metadata)
        },
      })
    },
    sendMetadata(metadata, next) {
      if (hasEnded) return
      if (reply.length > 0) metadata.merge(toMetadata(reply))
      next(metadata)
    },
    sendMessage(message, next) {
      if (!hasEnded) next(message)
    },
    sendStatus(status, next) {
      if (!hasEnded) next(status)
    },
  })
}
