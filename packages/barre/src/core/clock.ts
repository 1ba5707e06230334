/**
 * Milliseconds since the epoch, from the machine's clock: what `now` means where nobody passes another one.
 */
export function systemClock(): number {
  return Date.now()
}
