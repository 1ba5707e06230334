import { createRevocations, describeFetchError, isRecord, systemClock } from '../core/index.ts'
import type { Log, Revocation, RevocationOptions, Revocations } from '../core/index.ts'
import type { RedisClient, RedisStoreOptions } from './redis-store.ts'

/** Revocations that all processes of a fleet hear of: `services: { revocations }` of whatever is to obey them. */
export interface RedisRevocations extends Revocations {
  /** Reads all that is remembered, and from then on whatever comes; rejects when Redis cannot be read now. */
  start(): Promise<void>
  /** `revoke`, and resolves once the others can hear of it; rejects when they cannot. */
  publish(revocation: Revocation): Promise<void>
  /** Reads no more. The client is the program's to end. */
  close(): void
}

export interface RedisRevocationsOptions extends RevocationOptions, RedisStoreOptions {
  /** How often Redis is asked for news, in seconds; default 1. */
  readonly pollSeconds?: number
}

const pollDefaultSeconds = 1
const lifetimeDefaultSeconds = 86_400
/** Beside the longest life of a token: clocks differ, and tokens are accepted a little after their end. */
const keptLongerMs = 3_600_000
/** How many are read at once. */
const pageSize = 1000
/** How many wait until Redis is back. */
const waitingMax = 10_000

/** By the clock of Redis: a process whose clock is wrong must not take away what others revoked. */
const addScript = `
local oldest = redis.call('TIME')[1] * 1000 - ARGV[1]
return redis.call('XADD', KEYS[1], 'MINID', '~', math.max(0, oldest), '*', 'revocation', ARGV[2])`
const readScript = `return redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2])`

/**
 * Each revocation is an entry of one Redis stream (Redis 6.2, Valkey), which every process reads from its start.
 * Without Redis a process obeys what it knows, says so in its log, and publishes its own when Redis is back.
 */
export function redisRevocations(
  client: RedisClient,
  options: RedisRevocationsOptions = {},
  services: { now(): number; readonly log?: Log } = { now: systemClock },
): RedisRevocations {
  return new SharedRevocationList(client, options, services)
}

class SharedRevocationList implements RedisRevocations {
  readonly #client: RedisClient
  readonly #known: Revocations
  readonly #services: { now(): number; readonly log?: Log }
  readonly #key: string
  readonly #keptMs: number
  readonly #pollMs: number
  /** Published by us, and not yet read again. */
  readonly #own = new Set<string>()
  #waiting: string[] = []
  /** The exclusive start of the next reading. */
  #after = '-'
  #isAway = false
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(
    client: RedisClient,
    options: RedisRevocationsOptions,
    services: { now(): number; readonly log?: Log },
  ) {
    const { keyPrefix = 'barre:', pollSeconds = pollDefaultSeconds, ...own } = options
    this.#client = client
    this.#known = createRevocations(own, services)
    this.#services = services
    this.#key = `${keyPrefix}revocations`
    this.#keptMs = (own.maxTokenLifetimeSeconds ?? lifetimeDefaultSeconds) * 1000 + keptLongerMs
    this.#pollMs = pollSeconds * 1000
  }

  isRevoked(...about: Parameters<Revocations['isRevoked']>): boolean {
    return this.#known.isRevoked(...about)
  }

  subscribe(listener: (revocation: Revocation) => void): () => void {
    return this.#known.subscribe(listener)
  }

  revoke(revocation: Revocation): void {
    const text = this.#here(revocation)
    this.#add(text).catch((error: unknown) => {
      this.#report(error)
      this.#wait(text)
    })
  }

  async publish(revocation: Revocation): Promise<void> {
    await this.#add(this.#here(revocation))
  }

  async start(): Promise<void> {
    await this.#read()
    this.#arm()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  /** Obeys it in this process, and gives what the others are told. */
  #here(revocation: Revocation): string {
    const { expiresAtSeconds = 0, revokedAtSeconds = this.#services.now() / 1000 } = revocation
    if (expiresAtSeconds * 1000 > this.#services.now() + this.#keptMs) {
      throw new TypeError(
        'expected expiresAtSeconds within maxTokenLifetimeSeconds: it is not kept for longer',
      )
    }
    const dated = { ...revocation, revokedAtSeconds }
    this.#known.revoke(dated)
    return JSON.stringify(dated)
  }

  async #add(text: string): Promise<void> {
    const id = await this.#client.eval(addScript, 1, this.#key, `${this.#keptMs}`, text)
    if (this.#timer !== undefined) this.#own.add(String(id))
  }

  #wait(text: string): void {
    this.#waiting.push(text)
    if (this.#waiting.length <= waitingMax) return
    this.#waiting.shift()
    this.#services.log?.error(
      { waitingMax },
      'too many revocations wait for Redis: other processes miss some',
    )
  }

  #arm(): void {
    if (this.#isClosed) return
    this.#timer = setTimeout(() => void this.#poll(), this.#pollMs)
    this.#timer.unref()
  }

  async #poll(): Promise<void> {
    try {
      await this.#catchUp()
      await this.#read()
      if (this.#isAway) this.#services.log?.info({}, 'revocations of other processes are heard of again')
      this.#isAway = false
    } catch (error) {
      this.#report(error)
    }
    this.#arm()
  }

  async #catchUp(): Promise<void> {
    while (this.#waiting[0] !== undefined) {
      await this.#add(this.#waiting[0])
      this.#waiting.shift()
    }
  }

  async #read(): Promise<void> {
    for (;;) {
      const start = this.#after === '-' ? '-' : `(${this.#after}`
      const page = toPage(await this.#client.eval(readScript, 1, this.#key, start, `${pageSize}`))
      for (const { id, text } of page) {
        this.#after = id
        if (!this.#own.delete(id)) this.#obey(id, text)
      }
      if (page.length < pageSize || this.#isClosed) return
    }
  }

  #obey(id: string, text: string): void {
    try {
      this.#known.revoke(toRevocation(text))
    } catch (error) {
      // One that says nothing must not keep the next ones from being heard.
      const reason = error instanceof AggregateError ? error.message : 'it cannot be read'
      this.#services.log?.error({ id, reason }, 'a revocation of another process was not obeyed in full')
    }
  }

  #report(error: unknown): void {
    if (this.#isAway) return
    this.#isAway = true
    const reason = describeFetchError(error)
    this.#services.log?.error({ reason }, 'revocations of other processes are not heard of: Redis fails')
  }
}

/** `[[id, ['revocation', text]], ...]`, as Redis answers. */
function toPage(answer: unknown): readonly { readonly id: string; readonly text: string }[] {
  const rows = Array.isArray(answer) ? (answer as readonly (readonly [string, readonly string[]])[]) : []
  return rows.map(([id, [, text = '']]) => ({ id, text }))
}

/** Names and times only; whether they make sense is looked at where they are remembered. */
function toRevocation(text: string): Revocation {
  const parsed: unknown = JSON.parse(text)
  if (!isRecord(parsed)) throw new TypeError('expected a record')
  return parsed
}
