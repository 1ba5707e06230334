/** Runs `work` once after a delay and returns how to call it off; an argument, so that tests need no waiting. */
export type Schedule = (delayMs: number, work: () => void) => () => void

/** Real timers that never keep a process alive. */
export const unrefTimers: Schedule = (delayMs, work) => {
  const timer = setTimeout(work, delayMs)
  timer.unref()
  return () => clearTimeout(timer)
}
