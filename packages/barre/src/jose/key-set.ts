import { ConfigError, isRecord, refuse, ok } from '../core/index.ts'
import { readVerificationJwk } from './import-key.ts'
import type { Awaitable, Log, Result } from '../core/index.ts'
import type { JwsHeader } from './jws.ts'
import type { VerificationKey } from './key.ts'

/** Where a validator finds its keys. A header only chooses among them. */
export interface KeySet {
  find(header: JwsHeader): Awaitable<Result<VerificationKey>>
  /** Whether a key found earlier may still be relied on; absent: always. */
  holds?(key: VerificationKey): boolean
  ready?(): boolean
  close?(): Promise<void>
}

/** The most keys that a set may hold. */
export const keySetMaxKeys = 100

/** A set of the one key that was configured: the token may name it or not. */
export function singleKey(key: VerificationKey): KeySet {
  const found = ok(key)
  return {
    find(header) {
      if (header.kid === undefined || key.kid === undefined || header.kid === key.kid) return found
      return refuse('invalid', 'no key has the kid of the header')
    },
  }
}

/**
 * A set from a JWKS at hand. Unusable keys are skipped with a log event; a set without any usable key is a
 * ConfigError.
 */
export function localKeySet(jwks: unknown, path: string, log?: Log): KeySet {
  const keys = readKeys(jwks, path, log)
  if (!keys.ok) throw new ConfigError(path, keys.denial.detail)
  if (keys.value.length === 0)
    throw new ConfigError(path, 'the key set holds no key that can verify signatures')
  return { find: (header) => selectKey(keys.value, header) }
}

/**
 * The usable keys of a JWKS document (RFC 7517 §5), refused as `unavailable` when it is none; `source` names
 * it in the log.
 */
export function readKeys(jwks: unknown, source: string, log?: Log): Result<readonly VerificationKey[]> {
  if (!isRecord(jwks) || !Array.isArray(jwks['keys'])) {
    return refuse('unavailable', 'expected a JWKS: an object with a list named keys')
  }
  const members: readonly unknown[] = jwks['keys']
  if (members.length > keySetMaxKeys)
    return refuse('unavailable', `a key set has at most ${keySetMaxKeys} keys`)
  const keys: VerificationKey[] = []
  members.forEach((member, index) => {
    const key = readVerificationJwk(member)
    if (typeof key !== 'string') keys.push(key)
    else log?.warn({ source, index, reason: key }, 'key of a JWKS skipped')
  })
  return ok(keys)
}

/**
 * The one key that fits the header: of its kid and algorithm; without a kid, the only one of its algorithm.
 * Else `invalid`.
 */
export function selectKey(keys: readonly VerificationKey[], header: JwsHeader): Result<VerificationKey> {
  let found: VerificationKey | undefined
  for (const key of keys) {
    if (!key.verifiers.has(header.alg) || (header.kid !== undefined && key.kid !== header.kid)) continue
    if (found !== undefined) return refuse('invalid', 'more than one key fits the header')
    found = key
  }
  return found === undefined
    ? refuse('invalid', 'no key fits the kid and algorithm of the header')
    : ok(found)
}

/**
 * The same among keys of one's own: one that was given without a kid is meant for tokens of any.
 */
export function selectOwnKey(keys: readonly VerificationKey[], header: JwsHeader): Result<VerificationKey> {
  const { alg, kid } = header
  const fitting = keys.filter(
    (key) => key.verifiers.has(alg) && (kid === undefined || key.kid === undefined || key.kid === kid),
  )
  const [found] = fitting
  if (found === undefined) return refuse('invalid', 'no key fits the kid and algorithm of the header')
  return fitting.length === 1 ? ok(found) : refuse('invalid', 'more than one key fits the header')
}
