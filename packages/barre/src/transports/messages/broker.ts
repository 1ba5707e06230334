import type { Awaitable, Delivery } from '../../core/index.ts'

/** A message as every broker can show it. */
export interface Message {
  /** The topic, queue or subject that the sender named. */
  readonly target: string
  /** Every header, as it came; a name may come twice. */
  readonly headers: Iterable<readonly [name: string, value: string]>
  readonly payload: Uint8Array
  readonly delivery: Delivery
  /** When the broker says that it got the message, in milliseconds since the epoch. */
  readonly receivedAtMs?: number
}

/** One broker, as the guard of a consumer needs it. */
export interface Broker<Native> {
  /** What a row of the consumer's table is called in its configuration: `topics`, `queues`, `subjects`. */
  readonly rows: string
  /** Whether it tells when it got a message, by its own clock. */
  readonly keepsTime: boolean
  view(native: Native): Message
  /** The row of the table that a message falls under; `undefined`: none. */
  findRow(native: Native, rows: readonly string[]): string | undefined
  /**
   * Where a refused message goes unless the configuration says otherwise; `undefined` for one that came from such a
   * place.
   */
  refusalsOf(native: Native): string | undefined
  /**
   * Publishes a copy of a refused message, with these headers in place of its own; resolves once the broker has it for
   * certain, rejects else.
   */
  publish(native: Native, destination: string, headers: Headers): Promise<void>
  acknowledge(native: Native): Awaitable<void>
  /** Tells the broker that the message was not handled, where it would else find that out by waiting. */
  giveBack?(native: Native): void
  /** Tells the broker that the message is still being worked on. */
  keepWaiting?(native: Native): void
}

export type Headers = readonly (readonly [name: string, value: string])[]
