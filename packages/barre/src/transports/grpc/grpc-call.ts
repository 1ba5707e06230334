import type { IncomingMessage } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Call, Peer } from '../../core/index.ts'
import { toCall } from '../http/index.ts'
import type { HttpSettings } from '../http/index.ts'

const msOf: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 1e-6 }

/**
 * The view of a gRPC call that providers get: an HTTP/2 request, whose deadline ends what is done for it. From the
 * headers as they were sent, since those that Node and gRPC sort out hide a second `authorization`.
 */
export function toGrpcCall(
  stream: ServerHttp2Stream,
  rawHeaders: readonly string[],
  path: string,
  kind: string,
  settings: HttpSettings,
): Call {
  const request = {
    rawHeaders,
    socket: stream.session?.socket ?? {},
    destroyed: stream.destroyed,
    once: stream.once.bind(stream),
  }
  // The members of a request that the view reads, and no others.
  const call = toCall(request as unknown as IncomingMessage, path, settings, kind)
  const [timeout] = call.metadata('grpc-timeout')
  const timeoutMs = timeout === undefined ? undefined : toTimeoutMs(timeout)
  return timeoutMs === undefined ? call : new CallWithDeadline(call, timeoutMs)
}

/** A class for its getters, which a literal gets anew each time. */
class CallWithDeadline implements Call {
  readonly method: string
  readonly target: string
  readonly #call: Call
  readonly #timeoutMs: number
  #signal: AbortSignal | undefined

  constructor(call: Call, timeoutMs: number) {
    this.method = call.method
    this.target = call.target
    this.#call = call
    this.#timeoutMs = timeoutMs
  }

  get signal(): AbortSignal {
    this.#signal ??= AbortSignal.any([this.#call.signal, AbortSignal.timeout(this.#timeoutMs)])
    return this.#signal
  }

  get peer(): Peer {
    return this.#call.peer
  }

  metadata(name: string): readonly string[] {
    return this.#call.metadata(name)
  }
}

/** `100m`: at most eight digits and a unit (gRPC over HTTP/2, "Timeout"). */
function toTimeoutMs(value: string): number | undefined {
  const [, amount, unit] = /^(\d{1,8})([HMSmun])$/.exec(value) ?? []
  if (amount === undefined || unit === undefined) return undefined
  return Math.min(Math.ceil(Number(amount) * (msOf[unit] ?? 1)), 2 ** 31 - 1)
}
