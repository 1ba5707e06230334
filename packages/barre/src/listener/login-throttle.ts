import { createHash } from 'node:crypto'
import {
  BoundedCache,
  chain,
  either,
  instance,
  number,
  oneOf,
  optional,
  record,
  refuse,
} from '../core/index.ts'
import type { Awaitable, Denial, Services, Shape } from '../core/index.ts'

/** What is known of a key: how often it was used, and for how long that still counts. */
export interface Attempts {
  readonly consumedPoints: number
  readonly msBeforeNext: number
}

/** Where attempts are counted. Every limiter of rate-limiter-flexible is one; its duration is the memory. */
export interface AttemptLimiter {
  get(key: string): Awaitable<Attempts | null>
  penalty(key: string): Awaitable<Attempts>
  reward(key: string): Awaitable<unknown>
  block(key: string, seconds: number): Awaitable<unknown>
  delete(key: string): Awaitable<unknown>
}

/** How wrong passwords slow down who sends them: counted for each user name together with the address it came from. */
export interface LoginThrottleConfig {
  /** Wrong passwords that cost no wait; default 10. */
  readonly freeAttempts?: number
  /** Seconds; the wait doubles from one second up to this; default 300. */
  readonly maxWaitSeconds?: number
  /** Counts for several processes together (a RateLimiterRedis, for example); default this process's memory. */
  readonly limiter?: AttemptLimiter
}

export const freeAttemptsDefault = 10
export const maxWaitSecondsDefault = 300
/** How many pairs of user name and address are remembered. */
export const attemptsMax = 100_000
/** How long wrong passwords count after the last one, in milliseconds. */
export const attemptsMaxAgeMs = 3_600_000

const limiterMethods = ['get', 'penalty', 'reward', 'block', 'delete'] as const

const limiterShape = instance('a limiter of rate-limiter-flexible', (value): value is AttemptLimiter => {
  const methods = value as Record<string, unknown> | null | undefined
  return limiterMethods.every((name) => typeof methods?.[name] === 'function')
})

export const loginThrottleShape: Shape<false | LoginThrottleConfig> = either(
  oneOf(false),
  record<LoginThrottleConfig>({
    freeAttempts: optional(number({ min: 1, max: 1_000, integer: true })),
    maxWaitSeconds: optional(number({ min: 1, max: 86_400, unit: 'seconds' })),
    limiter: optional(limiterShape),
  }),
)

/** Slows down the guessing of one user's password from one address; never locks anybody out for good. */
export interface LoginThrottle {
  /** The refusal, while a wait is on. */
  admit(key: string): Awaitable<Denial | undefined>
  /** Counts an attempt before its outcome is known, so that guesses in parallel count too. */
  count(key: string): Awaitable<Denial | undefined>
  /** Takes an attempt back that was not about the password. */
  uncount(key: string): void
  /** Starts anew after a right password. */
  forget(key: string): void
}

export function createLoginThrottle(
  config: LoginThrottleConfig,
  services: Pick<Services, 'now' | 'log'>,
): LoginThrottle {
  const { freeAttempts = freeAttemptsDefault, maxWaitSeconds = maxWaitSecondsDefault } = config
  const limiter = config.limiter ?? memoryLimiter(services)
  const inBackground = (work: () => Awaitable<unknown>): void => {
    Promise.resolve(work()).catch((error: unknown) => {
      services.log.warn({ error: String(error) }, 'login attempts cannot be counted')
    })
  }
  const admit = (key: string): Awaitable<Denial | undefined> =>
    chain(limiter.get(toWaitKey(key)), (wait) => (wait === null ? undefined : mustWait(wait.msBeforeNext)))
  return {
    admit,
    count: (key) =>
      chain(limiter.penalty(key), ({ consumedPoints }) => {
        const beyond = consumedPoints - freeAttempts
        if (beyond <= 0) return undefined
        // A wait that began since `admit` is another attempt's in parallel: this one comes after it.
        return chain(admit(key), (denial) => {
          const seconds = Math.min(2 ** Math.min(beyond - 1, 30), maxWaitSeconds)
          return denial ?? chain(limiter.block(toWaitKey(key), seconds), () => undefined)
        })
      }),
    uncount: (key) => inBackground(() => limiter.reward(key)),
    forget: (key) => inBackground(() => Promise.all([limiter.delete(key), limiter.delete(toWaitKey(key))])),
  }
}

/** The same for spellings that a directory takes for one user, and of one size whatever was sent. */
export function toAttemptKey(username: string, address = ''): string {
  const spelling = username.normalize('NFKC').toLowerCase().trim().replaceAll(/\s+/g, ' ')
  return createHash('sha256')
    .update(JSON.stringify([spelling, address]))
    .digest('base64url')
}

function toWaitKey(key: string): string {
  return `wait-${key}`
}

function mustWait(milliseconds: number): Denial {
  const retryAfterSeconds = Math.max(1, Math.ceil(milliseconds / 1000))
  return refuse('throttled', 'too many wrong passwords for this user from this address', {
    retryAfterSeconds,
  }).denial
}

/** Counts in this process, for as many keys as it may hold. */
function memoryLimiter({ now }: Pick<Services, 'now'>): AttemptLimiter {
  const counted = new BoundedCache<string, Attempts>({ maxEntries: attemptsMax, maxBytes: attemptsMax })
  const waits = new BoundedCache<string, number>({ maxEntries: attemptsMax, maxBytes: attemptsMax })
  const change = (key: string, points: number): Attempts => {
    const consumedPoints = Math.max(0, (counted.get(key, now())?.consumedPoints ?? 0) + points)
    const attempts = { consumedPoints, msBeforeNext: attemptsMaxAgeMs }
    counted.set(key, attempts, { bytes: 1, expiresAtMs: now() + attemptsMaxAgeMs })
    return attempts
  }
  return {
    get(key) {
      const endsAtMs = waits.get(key, now())
      return endsAtMs === undefined ? null : { consumedPoints: 1, msBeforeNext: endsAtMs - now() }
    },
    penalty: (key) => change(key, 1),
    reward: (key) => change(key, -1),
    block(key, seconds) {
      const endsAtMs = now() + seconds * 1000
      waits.set(key, endsAtMs, { bytes: 1, expiresAtMs: endsAtMs })
    },
    delete: (key) => counted.delete(key) || waits.delete(key),
  }
}
