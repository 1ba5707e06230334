import { Metadata, ServerInterceptingCall } from '@grpc/grpc-js'
import type { ServerInterceptingCallInterface, ServerInterceptor } from '@grpc/grpc-js'
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
      return new GrantedCall(call, current, method.requestStream || method.responseStream, services)
    },
  }
}

type Listener = Parameters<ServerInterceptingCallInterface['start']>[0]
type Status = Parameters<ServerInterceptingCallInterface['sendStatus']>[0]

/**
 * gRPC's view of a call, with what the guard found out. Methods in place of gRPC's `Responder`, which takes a dozen
 * closures for each call.
 */
class GrantedCall extends ServerInterceptingCall {
  readonly #call: ServerInterceptingCallInterface
  readonly #grant: Grant
  readonly #isStream: boolean
  readonly #services: Pick<Services, 'now' | 'revocations'>
  #hasMetadata = false
  #hasEnded = false

  constructor(
    call: ServerInterceptingCallInterface,
    grant: Grant,
    isStream: boolean,
    services: Pick<Services, 'now' | 'revocations'>,
  ) {
    super(call)
    this.#call = call
    this.#grant = grant
    this.#isStream = isStream
    this.#services = services
  }

  override start(listener: Listener): void {
    this.#call.start(new GrantedListener(listener, (metadata) => this.#admit(metadata)))
  }

  override sendMetadata(metadata: Metadata): void {
    this.#hasMetadata = true
    if (this.#hasEnded) return
    const { reply } = this.#grant
    if (reply.length > 0) metadata.merge(toMetadata(reply))
    this.#call.sendMetadata(metadata)
  }

  override sendMessage(message: unknown, callback: () => void): void {
    if (this.#hasEnded) return
    if (!this.#hasMetadata) this.sendMetadata(new Metadata())
    this.#call.sendMessage(message, callback)
  }

  override sendStatus(status: Status): void {
    if (!this.#hasEnded) this.#call.sendStatus(status)
  }

  /** Whether the call goes on: a stream ends with its caller's credential, which may have ended already. */
  #admit(metadata: Metadata): boolean {
    grants.set(metadata, this.#grant)
    const { stream, principal } = this.#grant
    if (principal !== undefined && this.#isStream) {
      stream.once(
        'close',
        watch(principal, (denial) => this.#end(denial), this.#services),
      )
    }
    return !this.#hasEnded
  }

  #end({ code }: Denial): void {
    this.#hasEnded = true
    const [status, details] = grpcStatuses[code]
    this.#call.sendStatus({ code: status, details })
    // A caller who does not read must not keep what its credential no longer opens.
    const { stream } = this.#grant
    const timer = setTimeout(() => stream.close(), endMs)
    stream.once('close', () => clearTimeout(timer))
  }
}

/** What comes of a call: nothing of it is seen before it was admitted, nor afterwards where it was not. */
class GrantedListener implements Listener {
  readonly #next: Listener
  readonly #admit: (metadata: Metadata) => boolean
  #isAdmitted = false

  constructor(next: Listener, admit: (metadata: Metadata) => boolean) {
    this.#next = next
    this.#admit = admit
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.#isAdmitted = this.#admit(metadata)
    if (this.#isAdmitted) this.#next.onReceiveMetadata(metadata)
  }

  onReceiveMessage(message: unknown): void {
    if (this.#isAdmitted) this.#next.onReceiveMessage(message)
  }

  onReceiveHalfClose(): void {
    if (this.#isAdmitted) this.#next.onReceiveHalfClose()
  }

  onCancel(): void {
    this.#next.onCancel()
  }
}
