import { InterceptingCall, Metadata, status } from '@grpc/grpc-js'
import type { InterceptingListener, Interceptor, Listener, NextCall, StatusObject } from '@grpc/grpc-js'
import type { CredentialSource, Need, Outgoing } from '../../core/index.ts'
import { attach, CredentialError, obtain, renewWith, toNeed } from '../fetch/index.ts'
import type { CallInit } from '../fetch/index.ts'

/** What a source may want to know of a call beside its method: on whose behalf it is, and for which token. */
export type CallNeed = Pick<CallInit, 'caller' | 'audience' | 'scopes'>

/** What was said of a call, by its metadata. */
export const needs: WeakMap<Metadata, CallNeed> = new WeakMap<Metadata, CallNeed>()

/** Puts our credential on every call of a client; asks for another one where it is refused. */
export function credentialInterceptor(
  origin: string,
  sourceFor: (need: Need) => CredentialSource | undefined,
): Interceptor {
  return (options, nextCall) => {
    const { path, requestStream, responseStream } = options.method_definition
    const attempt = new Attempt(() => nextCall(options), !requestStream && !responseStream)
    return new InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        const need: Need = { method: 'gRPC', target: origin + path, ...toNeed(needs.get(metadata) ?? {}) }
        const source = sourceFor(need)
        if (source === undefined) next(metadata, listener)
        else void attempt.start(source, need, metadata, listener, next)
      },
      sendMessage(message, next) {
        attempt.message = message
        next(message)
      },
      cancel(next) {
        attempt.cancel()
        next()
      },
    })
  }
}

/** A copy of the metadata with the credential. */
function carry(metadata: Metadata, outgoing: Outgoing): Metadata {
  const copy = metadata.clone()
  for (const [name, value] of attach(undefined, outgoing)) copy.set(name, value)
  return copy
}

type Next = (metadata: Metadata, listener: Listener) => void

/** One call, and its second try. */
class Attempt {
  message: unknown
  readonly #again: () => ReturnType<NextCall>
  readonly #isUnary: boolean
  #second: ReturnType<NextCall> | undefined
  #isCancelled = false

  constructor(again: () => ReturnType<NextCall>, isUnary: boolean) {
    this.#again = again
    this.#isUnary = isUnary
  }

  async start(
    source: CredentialSource,
    need: Need,
    metadata: Metadata,
    listener: InterceptingListener,
    next: Next,
  ): Promise<void> {
    const credential = await obtain(source, need).catch((error: unknown) => toError(error))
    if (credential instanceof Error) return listener.onReceiveStatus(toStatus(credential))
    let isRefused = false
    next(carry(metadata, credential), {
      onReceiveStatus: (received, pass) => {
        if (received.code !== status.UNAUTHENTICATED || isRefused) return pass(received)
        isRefused = true
        void this.#renew(source, need, credential, received).then((renewed) =>
          renewed === undefined ? pass(received) : this.#sendAgain(carry(metadata, renewed), listener),
        )
      },
    })
  }

  cancel(): void {
    this.#isCancelled = true
    this.#second?.cancelWithStatus(status.CANCELLED, 'Cancelled on client')
  }

  /** Tells the source of the refusal; another credential where the call can be sent again. */
  async #renew(
    source: CredentialSource,
    need: Need,
    refused: Outgoing,
    received: StatusObject,
  ): Promise<Outgoing | undefined> {
    const metadata = (name: string): readonly string[] => received.metadata.get(name).map(String)
    try {
      const renewed = await renewWith(source, need, refused, metadata)
      return this.#isUnary && !this.#isCancelled ? renewed : undefined
    } catch {
      return undefined
    }
  }

  #sendAgain(metadata: Metadata, listener: InterceptingListener): void {
    this.#second = this.#again()
    this.#second.start(metadata, listener)
    this.#second.sendMessage(this.message)
    this.#second.halfClose()
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error('no credential for the call')
}

/** The end of a call that was not sent. */
function toStatus(cause: Error): StatusObject & { readonly cause: Error } {
  const isDown = !(cause instanceof CredentialError) || cause.code === 'unavailable'
  return {
    code: isDown ? status.UNAVAILABLE : status.UNAUTHENTICATED,
    details: cause.message,
    metadata: new Metadata(),
    cause,
  }
}
