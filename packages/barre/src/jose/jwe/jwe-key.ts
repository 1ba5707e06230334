import { jweAlgorithmNames, keyManagements } from './key-management.ts'
import type { KeyObject } from 'node:crypto'
import type { JweEncryption } from './content-encryption.ts'
import type { JweAlgorithm, Unwrap, Wrap } from './key-management.ts'

/** A key that encrypts, with its one algorithm. */
export interface EncryptionKey {
  readonly kid?: string
  readonly algorithm: JweAlgorithm
  /** The only content encryption that it may be used with; absent: all. */
  readonly encryption?: JweEncryption
  readonly wrap: Wrap
}

/**
 * A key that decrypts, bound to the algorithms it may be used with: a token's `alg` chooses among them and adds
 * none.
 */
export interface DecryptionKey {
  readonly kid?: string
  readonly algorithms: readonly JweAlgorithm[]
  readonly encryption?: JweEncryption
  /** One prepared way to the content key per algorithm of the key. */
  readonly unwrappers: ReadonlyMap<string, Unwrap>
}

/** What a key may be used for besides what its type allows. */
export interface KeyUse {
  readonly kid?: string
  readonly encryption?: JweEncryption
}

/** The algorithms that a key's type, curve and length allow, without those that must be asked for by name. */
export function jweAlgorithmsFor(key: KeyObject): readonly JweAlgorithm[] {
  return jweAlgorithmNames.filter((name) => {
    const { legacy = false, password = false } = keyManagements[name]
    return !legacy && !password && keyManagements[name].fits(key)
  })
}

/** Puts a checked key together with its algorithms. */
export function toDecryptionKey(
  key: KeyObject,
  algorithms: readonly JweAlgorithm[],
  use: KeyUse,
): DecryptionKey {
  const unwrappers = new Map(algorithms.map((name) => [name, keyManagements[name].unwrapper(key)]))
  return Object.freeze({ ...use, algorithms: Object.freeze([...algorithms]), unwrappers })
}
