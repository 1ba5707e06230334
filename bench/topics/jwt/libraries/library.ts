import type { Algorithm, Issued } from '../tokens.ts'

/** Whether a token holds: signature, algorithm, issuer, audience and expiry. */
export type Verify = (token: string, index: number) => boolean | Promise<boolean>

/** One contender of the topic. */
export interface Library {
  readonly name: string
  /** Absent: all. */
  readonly algorithms?: readonly Algorithm[]
  /** The bare primitives, which judge no claims. */
  readonly isLimit?: boolean
  /** A verifier that has seen no token yet. */
  readonly toVerify: (issued: Issued) => Verify | Promise<Verify>
  /** The same with a memory for `entries` tokens; absent where the library has none. */
  readonly toCachedVerify?: (issued: Issued, entries: number) => Verify | Promise<Verify>
}
