import { ConfigError } from '../core/index.ts'
import { publicJwk } from './jwk.ts'
import { isSigner } from './key.ts'
import type { Services } from '../core/index.ts'
import type { Jwks } from './jwk.ts'
import type { Signer } from './key.ts'

/** The most keys that a ring holds at once. */
export const ringMaxKeys = 16

/** The times that make a rotation safe, in seconds. */
export interface KeyRingConfig {
  /** How long others may keep our key set: its `Cache-Control: max-age`. */
  readonly jwksMaxAgeSeconds: number
  /** The longest life of a token that the keys sign. */
  readonly tokenMaxLifetimeSeconds: number
  /** How far others' clocks may be off; default 60. */
  readonly clockSkewSeconds?: number
}

/** A key and its times, in milliseconds since the epoch: what to keep where several processes sign. */
export interface RingKey {
  readonly key: Signer
  readonly publishedAtMs: number
  readonly signsFromMs: number
}

/** The signing keys of an issuer, old and new. */
export interface KeyRing {
  /** The key that signs now. */
  signer(): Signer
  /** What to publish now: the keys to come, the key in use, and the keys whose tokens may still live. */
  jwks(): Jwks
  /** The `Cache-Control` of the published set. */
  readonly cacheControl: string
  /**
   * Publishes a key, and signs with it once everybody has had time to see it; answers when that is. The key before it
   * is taken off the set when its last token has expired. Throws a RangeError when the ring is full.
   */
  add(key: Signer): RingKey
  /** All keys that are not retired. */
  keys(): readonly RingKey[]
}

export function isKeyRing(value: unknown): value is KeyRing {
  return (
    typeof value === 'object' && value !== null && 'signer' in value && typeof value.signer === 'function'
  )
}

/**
 * A ring of one key that signs at once, or of the keys that another ring has had. Every key needs a `kid` of its own
 * and a public half. Throws ConfigError.
 */
export function createKeyRing(
  first: Signer | readonly RingKey[],
  config: KeyRingConfig,
  services: Pick<Services, 'now'>,
): KeyRing {
  const { jwksMaxAgeSeconds, tokenMaxLifetimeSeconds, clockSkewSeconds = 60 } = config
  const publishAheadMs = (jwksMaxAgeSeconds + clockSkewSeconds) * 1000
  const outliveMs = (tokenMaxLifetimeSeconds + clockSkewSeconds) * 1000
  if (!(publishAheadMs >= 0 && outliveMs >= 0)) {
    throw new ConfigError('keyRing', 'expected seconds, none of them negative')
  }
  let ring = toRing(first, services.now())
  const prune = (nowMs: number): readonly RingKey[] => {
    ring = ring.filter((_, index) => {
      const next = ring[index + 1]
      return next === undefined || nowMs < next.signsFromMs + outliveMs
    })
    return ring
  }
  return {
    cacheControl: `public, max-age=${jwksMaxAgeSeconds}`,
    keys: () => prune(services.now()),
    jwks: () => ({ keys: prune(services.now()).map(({ key }) => publicJwk(key)) }),
    signer() {
      const nowMs = services.now()
      const keys = prune(nowMs)
      // A clock that was set back behind every key: the oldest is the one that most have seen.
      const current = keys.findLast(({ signsFromMs }) => signsFromMs <= nowMs) ?? keys[0]
      if (current === undefined) throw new Error('a ring is never empty')
      return current.key
    },
    add(key) {
      const nowMs = services.now()
      const keys = prune(nowMs)
      checkKey(key, keys)
      if (keys.length >= ringMaxKeys)
        throw new RangeError(`the ring has ${ringMaxKeys} keys: wait for one to retire`)
      const last = keys.at(-1)?.signsFromMs ?? nowMs
      const added = { key, publishedAtMs: nowMs, signsFromMs: Math.max(nowMs + publishAheadMs, last) }
      ring = [...keys, added]
      return added
    },
  }
}

function toRing(first: Signer | readonly RingKey[], nowMs: number): readonly RingKey[] {
  const keys = isSigner(first) ? [{ key: first, publishedAtMs: nowMs, signsFromMs: nowMs }] : first
  if (keys.length === 0 || keys.length > ringMaxKeys) {
    throw new ConfigError('keyRing', `expected from 1 to ${ringMaxKeys} keys`)
  }
  keys.forEach(({ key }, index) => checkKey(key, keys.slice(0, index)))
  return keys.toSorted((a, b) => a.signsFromMs - b.signsFromMs)
}

function checkKey(key: Signer, others: readonly RingKey[]): void {
  if (key.kid === undefined || key.publicKey === undefined) {
    throw new ConfigError('keyRing', 'a published key needs a kid and a public key')
  }
  if (others.some((other) => other.key.kid === key.kid)) {
    throw new ConfigError('keyRing', 'two keys of the ring have the same kid')
  }
}
