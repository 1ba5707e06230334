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
}

/** Who is at the other end of the connection, as far as the connection itself proves it. */
export interface Peer {
  readonly address?: string
  /** The client certificate (DER), present only once the TLS stack has verified it. */
  readonly certificate?: Uint8Array
  readonly encrypted: boolean
}
