/** A clock with timers: nothing happens unless a test moves it. */
export class FakeTime {
  nowMs = 1_800_000_000_000
  #timers: Timer[] = []

  readonly schedule = (delayMs: number, work: () => void): (() => void) => {
    const timer = { atMs: this.nowMs + delayMs, delayMs, work }
    this.#timers.push(timer)
    this.onSchedule(delayMs)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Called for each new timer. */
  onSchedule: (delayMs: number) => void = () => {}

  /** The delays of the timers that are set, in milliseconds. */
  get delays(): number[] {
    return this.#timers.map((timer) => timer.delayMs)
  }

  /** Moves on without any timer firing, as a suspended machine does. */
  sleep(ms: number): void {
    this.nowMs += ms
  }

  /** Moves on to the first timer of that kind and fires it. */
  fire(which: (delayMs: number) => boolean): void {
    const timer = this.#timers.find(({ delayMs }) => which(delayMs))
    if (timer === undefined) throw new Error('no such timer is set')
    this.#timers = this.#timers.filter((other) => other !== timer)
    this.nowMs = Math.max(this.nowMs, timer.atMs)
    timer.work()
  }
}

interface Timer {
  readonly atMs: number
  readonly delayMs: number
  readonly work: () => void
}
