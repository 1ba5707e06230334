/** The numbers of every circuit breaker. */
export const breakerLimits = {
  /** Failures in a row until an endpoint is left alone. */
  failures: 5,
  /** For how long, in milliseconds; twice as long after each further failure. */
  minMs: 1000,
  maxMs: 60_000,
  /** How long others wait for the outcome of the one call that tries again, in milliseconds. */
  trialMs: 5000,
  /** The longest Retry-After that is honoured, in milliseconds. */
  retryAfterMaxMs: 300_000,
} as const

/** Keeps calls from an endpoint that fails, and lets one through from time to time to see whether it is back. */
export class CircuitBreaker {
  readonly #random: () => number
  #failures = 0
  #openUntilMs = 0

  /** `random` gives a number from 0 to 1: it spreads the trials of many instances. */
  constructor(random: () => number) {
    this.#random = random
  }

  /** Milliseconds until a call makes sense; 0: call now, and report `succeeded` or `failed`. */
  enter(nowMs: number): number {
    const waitMs = this.waitMs(nowMs)
    if (waitMs === 0 && this.#isOpen()) this.#openUntilMs = nowMs + breakerLimits.trialMs
    return waitMs
  }

  /** The same question, without going ahead. */
  waitMs(nowMs: number): number {
    const waitMs = this.#openUntilMs - nowMs
    // A clock that was set back must not lengthen the wait.
    return waitMs > 0 && waitMs <= breakerLimits.retryAfterMaxMs ? waitMs : 0
  }

  succeeded(): void {
    this.#failures = 0
    this.#openUntilMs = 0
  }

  /** `retryAfterMs`: the endpoint itself said for how long. */
  failed(nowMs: number, retryAfterMs = 0): void {
    this.#failures++
    const { failures, minMs, maxMs, retryAfterMaxMs } = breakerLimits
    const beyond = Math.min(this.#failures - failures, 30)
    const backoffMs = beyond < 0 ? 0 : Math.min(minMs * 2 ** beyond, maxMs) * (0.5 + this.#random() * 0.5)
    const waitMs = Math.max(backoffMs, Math.min(retryAfterMs, retryAfterMaxMs))
    if (waitMs > 0) this.#openUntilMs = nowMs + waitMs
  }

  #isOpen(): boolean {
    return this.#failures >= breakerLimits.failures
  }
}
