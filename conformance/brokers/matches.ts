import assert from 'node:assert/strict'

/** What says that nobody whom we trust vouches for a server. */
export const untrusted = /self.signed certificate|unable to (get|verify)/i

/** Whether an error, or one that caused it, says this. */
export function matches(error: unknown, says: RegExp): true {
  const told: string[] = []
  const collect = (one: unknown): void => {
    if (!(one instanceof Error) || told.length > 20) return
    told.push(`${one.message} ${(one as NodeJS.ErrnoException).code ?? ''}`)
    collect(one.cause)
    if (one instanceof AggregateError) one.errors.forEach(collect)
  }
  collect(error)
  assert.match(told.join('\n'), says)
  return true
}
