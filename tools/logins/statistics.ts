// Why: whether two kinds of login differ in time is a question for Welch's t, not for the eye.

export interface Summary {
  readonly count: number
  readonly mean: number
  readonly variance: number
  readonly median: number
}

export function summarise(samples: readonly number[]): Summary {
  const count = samples.length
  const mean = samples.reduce((sum, value) => sum + value, 0) / count
  const variance = samples.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1)
  const sorted = samples.toSorted((one, other) => one - other)
  return { count, mean, variance, median: sorted[Math.floor(count / 2)] ?? 0 }
}

/** Welch's t of two samples; beyond 4.5 in size the difference is taken for real. */
export function welch(one: Summary, other: Summary): number {
  return (one.mean - other.mean) / Math.sqrt(one.variance / one.count + other.variance / other.count)
}
