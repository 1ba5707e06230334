import { callerKinds } from '../harness/calling-kit.ts'
import type { PreparedSource } from '../harness/calling-kit.ts'

/** For a source that speaks for itself, on whose behalf ever a call is made. */
export function whoeverCalls(as: string): PreparedSource['on'] {
  return Object.fromEntries(callerKinds.map((kind) => [kind, { as }])) as PreparedSource['on']
}
