/**
 * How far the analysis goes, by the name under which `--stats` counts each time a limit was reached. What
 * lies beyond one is left out or taken as unknown: the rest of the function is still followed.
 */
export const LIMITS = {
  /** Reasons for one value to be tainted. */
  'labels-per-value': 16,
  /** Functions, classes and library objects that one value may be. */
  'targets-per-value': 40,
  /** Inputs and data objects that one value may be. */
  'places-per-value': 8,
  /** Objects that one value may be and that one expression made, told apart by the calls that led there. */
  'contexts-per-value': 4,
  'sinks-per-function': 120,
  /** Calls that only a function's caller can resolve. */
  'callbacks-per-function': 24,
  /** Fields a function leaves written in objects it did not make. */
  'effects-per-function': 48,
  /** Objects that leave a function with their fields. */
  'objects-per-function': 32,
  /** What one walk may spend on applying summaries; calls beyond it count as unknown. */
  'applications-per-function': 12_000,
  'call-depth': 12,
  /** Callbacks of callbacks of callbacks. */
  'nested-calls': 3,
  /** Functions being summarised at once: deeper chains are cut, and summarised in call order anyway. */
  'summary-depth': 120,
  /** How often a cycle of functions is walked before its result is taken as it is. */
  recursion: 6,
  /** How often all that read module-level state which has grown since is walked again. */
  'module-rounds': 4,
  /** How often, in each of these rounds, calls that may come at any time are run again when others have changed. */
  'late-passes': 4,
} as const

const reached = new Map<string, number>()

export function countLimit(name: keyof typeof LIMITS): void {
  reached.set(name, (reached.get(name) ?? 0) + 1)
}

/** The limits reached since this was asked last: one analysis runs at a time. */
export function takeLimits(): ReadonlyMap<string, number> {
  const taken = new Map(reached)
  reached.clear()
  return taken
}
