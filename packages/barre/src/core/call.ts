/** One incoming call as every transport can show it: all that a provider ever sees. */
export interface Call {
  /** HTTP method, `UPGRADE`, gRPC call kind, `CONSUME`, ... */
  readonly method: string
  /** Public origin + normalised path, `/package.Service/Method`, or a topic. */
  readonly target: string
  readonly signal: AbortSignal
  readonly peer: Peer
  /**
   * Every value of a header (as sent, not joined), of gRPC metadata, or of a message property. `name` is
   * lower case.
   */
  metadata(name: string): readonly string[]
  /** Every value of a query parameter, on wires whose targets have a query. */
  parameters?(name: string): readonly string[]
  /** The message's bytes, on message wires only. */
  payload?(): Uint8Array
  /**
   * When the call was made, in milliseconds since the epoch, where a clock that we trust says so: the broker's. Times
   * of a token are judged by it; absent: by now.
   */
  readonly madeAtMs?: number
  /** On message wires: how this message can be told from a copy of it. */
  readonly delivery?: Delivery
}

/** Who is at the other end of the connection, as far as the connection itself proves it. */
export interface Peer {
  readonly address?: string
  /** The client certificate (DER), present only once the TLS stack has verified it. */
  readonly certificate?: Uint8Array
  /** The identity of the pre-shared key that the caller proved to have (RFC 4279). */
  readonly preSharedKeyIdentity?: string
  readonly encrypted: boolean
}

/** A message wire may deliver one message several times; a copy that somebody sends is another message. */
export interface Delivery {
  /** What the broker knows the message by, the same at each delivery; absent where it has no such name. */
  readonly id?: string
  /** Whether the broker says that it delivered this message before. */
  readonly again: boolean
}
