import { systemClock } from './clock.ts'
import { issuedAtSeconds, isRevokedBy, particularNames, particulars } from './revocation.ts'
import type { Particular, Revocable, Revocation } from './revocation.ts'
import type { Log } from './services.ts'

/** What has been revoked, as this process knows it. */
export interface Revocations {
  /** Remembers a revocation, and tells it to all who listen. Throws TypeError for one that names nothing. */
  revoke(revocation: Revocation): void
  /** Whether a revocation that is remembered is about this one: asked once for each token that is new. */
  isRevoked(about: Revocable): boolean
  /** Calls back for each event from now on: caches drop what matches, live connections end. Returns how to stop. */
  subscribe(listener: (revocation: Revocation) => void): () => void
}

export interface RevocationOptions {
  /** The longest life of any token, in seconds: for so long a revocation is remembered; default 86,400. */
  readonly maxTokenLifetimeSeconds?: number
  /**
   * How many are remembered; default 100,000, about 40 MB. Where more come, the oldest tenth is forgotten, and every
   * token that was issued before the last of those is refused instead.
   */
  readonly maxEntries?: number
  /** How far an issuer's clock may be ahead of ours, in seconds: so much younger tokens are refused too; default 0. */
  readonly clockSkewSeconds?: number
}

const maxEntriesDefault = 100_000
const maxTokenLifetimeDefaultSeconds = 86_400
/** Tokens are accepted for so long after their end at most: the greatest `clockSkew` of a validator. */
const expiryToleranceSeconds = 300
/** The share that makes room when there is none. */
const forgottenShare = 0.1
/** The longest name, in characters. */
export const revocationMaxLength = 1024

interface Entry {
  readonly revocation: Revocation
  readonly by: Particular
  readonly endsAtMs: number
}

interface Surroundings {
  now(): number
  readonly log?: Pick<Log, 'error'>
}

export function createRevocations(
  options: RevocationOptions = {},
  services: Surroundings = { now: systemClock },
): Revocations {
  return new RevocationList(options, services)
}

class RevocationList implements Revocations {
  readonly #services: Surroundings
  readonly #lifetimeSeconds: number
  readonly #maxEntries: number
  readonly #skewSeconds: number
  readonly #listeners = new Set<(revocation: Revocation) => void>()
  /** By what they are about, in the order in which they came. */
  readonly #entries = new Map<string, Entry>()
  /** The same, by the most particular member and its value. */
  readonly #index = new Map<string, Set<Entry>>()
  /** Everything that was issued until then is refused. */
  #floorSeconds = -Infinity

  constructor(options: RevocationOptions, services: Surroundings) {
    this.#services = services
    this.#lifetimeSeconds = options.maxTokenLifetimeSeconds ?? maxTokenLifetimeDefaultSeconds
    this.#maxEntries = options.maxEntries ?? maxEntriesDefault
    this.#skewSeconds = options.clockSkewSeconds ?? 0
  }

  revoke(given: Revocation): void {
    checkNames(given)
    const revokedAtSeconds = (given.revokedAtSeconds ?? this.#services.now() / 1000) + this.#skewSeconds
    const revocation = { ...given, revokedAtSeconds }
    // First: who is told may ask at once.
    if (given.all === true) this.#floorSeconds = Math.max(this.#floorSeconds, revokedAtSeconds)
    else this.#remember(revocation)
    this.#tell(revocation)
  }

  isRevoked(about: Revocable): boolean {
    if (this.#isBelowFloor(about)) return true
    if (this.#entries.size === 0) return false
    const nowMs = this.#services.now()
    for (const by of particularNames) {
      const entries = this.#index.get(toIndexKey(by, particulars[by](about)))
      if (entries === undefined) continue
      for (const { revocation, endsAtMs } of entries) {
        if (endsAtMs > nowMs && isRevokedBy(about, revocation)) return true
      }
    }
    return false
  }

  subscribe(listener: (revocation: Revocation) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #isBelowFloor(about: Revocable): boolean {
    if (this.#services.now() >= this.#endOf(this.#floorSeconds)) return false
    return issuedAtSeconds(about) <= this.#floorSeconds
  }

  #endOf(revokedAtSeconds: number): number {
    return (revokedAtSeconds + this.#lifetimeSeconds + expiryToleranceSeconds) * 1000
  }

  #remember(revocation: Revocation & { readonly revokedAtSeconds: number }): void {
    const { expiresAtSeconds, revokedAtSeconds } = revocation
    const endsAtMs =
      expiresAtSeconds === undefined
        ? this.#endOf(revokedAtSeconds)
        : (expiresAtSeconds + expiryToleranceSeconds) * 1000
    const names = particularNames.filter((name) => revocation[name] !== undefined)
    const [by] = names
    if (by === undefined || endsAtMs <= this.#services.now()) return
    const key = JSON.stringify(names.map((name) => [name, revocation[name]]))
    const known = this.#entries.get(key)
    // One that was revoked again is revoked until the later of both times.
    const atSeconds = Math.max(revokedAtSeconds, known?.revocation.revokedAtSeconds ?? 0)
    this.#forget(key)
    if (this.#entries.size >= this.#maxEntries) this.#makeRoom()
    const entry = {
      by,
      revocation: { ...revocation, revokedAtSeconds: atSeconds },
      endsAtMs: Math.max(endsAtMs, known?.endsAtMs ?? 0),
    }
    this.#entries.set(key, entry)
    const indexKey = toIndexKey(by, revocation[by])
    const entries = this.#index.get(indexKey) ?? new Set()
    this.#index.set(indexKey, entries.add(entry))
  }

  #forget(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    const indexKey = toIndexKey(entry.by, entry.revocation[entry.by])
    const entries = this.#index.get(indexKey)
    entries?.delete(entry)
    if (entries?.size === 0) this.#index.delete(indexKey)
  }

  #makeRoom(): void {
    const nowMs = this.#services.now()
    for (const [key, { endsAtMs }] of this.#entries) if (endsAtMs <= nowMs) this.#forget(key)
    const kept = this.#maxEntries - Math.max(1, Math.floor(this.#maxEntries * forgottenShare))
    if (this.#entries.size < this.#maxEntries) return
    let floorSeconds = this.#floorSeconds
    for (const [key, { revocation }] of this.#entries) {
      if (this.#entries.size <= kept) break
      floorSeconds = Math.max(floorSeconds, revocation.revokedAtSeconds ?? 0)
      this.#forget(key)
    }
    // To forget a revocation would let its token in again: all tokens as old as that are refused instead.
    this.#floorSeconds = floorSeconds
    const fields = { maxEntries: this.#maxEntries, issuedUntilSeconds: floorSeconds }
    this.#services.log?.error(fields, 'too many revocations: every token issued until then is refused')
    this.#tell({ all: true, revokedAtSeconds: floorSeconds })
  }

  #tell(revocation: Revocation): void {
    const failures: unknown[] = []
    for (const listener of this.#listeners) {
      try {
        listener(revocation)
      } catch (error) {
        failures.push(error)
      }
    }
    // Every listener has heard first: one broken connection must not keep the others open.
    if (failures.length > 0) throw new AggregateError(failures, 'listeners of a revocation failed')
  }
}

function toIndexKey(by: Particular, value: unknown): string {
  return `${by} ${String(value)}`
}

function checkNames(revocation: Revocation): void {
  const values = particularNames.map((name) => revocation[name]).filter((value) => value !== undefined)
  const namesSome = values.length > 0
  if (namesSome === (revocation.all === true)) {
    throw new TypeError('expected a revocation that names what is revoked, or all')
  }
  if (!values.every(isName)) {
    throw new TypeError(`expected names of 1 to ${revocationMaxLength} characters in a revocation`)
  }
  for (const time of [revocation.revokedAtSeconds, revocation.expiresAtSeconds]) {
    if (time !== undefined && !(Number.isFinite(time) && time >= 0)) {
      throw new TypeError('expected times of a revocation in seconds since the epoch')
    }
  }
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.length <= revocationMaxLength
}
