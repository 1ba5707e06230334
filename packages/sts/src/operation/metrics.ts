import { openTelemetry } from './open-telemetry.ts'

/** Counts for operators, as Prometheus reads them. */
export interface Metrics {
  /** One more of an event; `labels` come from closed sets, so that their number is bounded. */
  count(name: MetricName, labels: Readonly<Record<string, string>>): void
  observeSeconds(endpoint: string, seconds: number): void
  /** The text exposition format, version 0.0.4. */
  text(): string
}

const counters = {
  barre_sts_tokens_issued_total: 'Access tokens issued, by grant.',
  barre_sts_refusals_total: 'Requests refused, by endpoint and error.',
  barre_sts_introspections_total: 'Tokens looked at, by whether they were active.',
  barre_sts_revocations_total: 'Tokens revoked.',
  barre_sts_logins_total: 'Logins of users, by outcome.',
} as const

type MetricName = keyof typeof counters

const bucketsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]
const duration = 'barre_sts_request_duration_seconds'

const described = Object.entries(counters).map(([name, text]) => ({ name, text }))
const times = { name: duration, text: 'Time to answer, by endpoint.', boundsSeconds: bucketsSeconds }

interface Count {
  readonly labels: Readonly<Record<string, string>>
  value: number
}

interface Histogram {
  readonly counts: number[]
  sum: number
  count: number
}

/** `hasTelemetry`: OpenTelemetry gets the same. Throws ConfigError naming `path`. */
export function createMetrics(hasTelemetry: boolean, path: string): Metrics {
  const telemetry = hasTelemetry ? openTelemetry(described, times, path) : undefined
  const counts = new Map<MetricName, Map<string, Count>>()
  const histograms = new Map<string, Histogram>()
  return {
    count(name, labels) {
      telemetry?.count(name, labels)
      const byLabels = counts.get(name) ?? new Map<string, Count>()
      counts.set(name, byLabels)
      const key = Object.values(labels).join('\n')
      const count = byLabels.get(key)
      if (count === undefined) byLabels.set(key, { labels, value: 1 })
      else count.value++
    },
    observeSeconds(endpoint, seconds) {
      telemetry?.observeSeconds(endpoint, seconds)
      const histogram = histograms.get(endpoint) ?? { counts: bucketsSeconds.map(() => 0), sum: 0, count: 0 }
      histograms.set(endpoint, histogram)
      histogram.sum += seconds
      histogram.count++
      const bucket = bucketsSeconds.findIndex((bound) => seconds <= bound)
      if (bucket !== -1) histogram.counts[bucket] = (histogram.counts[bucket] ?? 0) + 1
    },
    text() {
      const lines = (Object.keys(counters) as MetricName[]).flatMap((name) => [
        `# HELP ${name} ${counters[name]}`,
        `# TYPE ${name} counter`,
        ...[...(counts.get(name)?.values() ?? [])].map(
          ({ labels, value }) => `${name}${toLabels(labels)} ${value}`,
        ),
      ])
      return `${[...lines, ...durationLines(histograms)].join('\n')}\n`
    },
  }
}

function durationLines(histograms: ReadonlyMap<string, Histogram>): readonly string[] {
  const lines = [`# HELP ${duration} ${times.text}`, `# TYPE ${duration} histogram`]
  for (const [endpoint, { counts, sum, count }] of histograms) {
    let below = 0
    for (const [index, bound] of bucketsSeconds.entries()) {
      below += counts[index] ?? 0
      lines.push(`${duration}_bucket${toLabels({ endpoint, le: String(bound) })} ${below}`)
    }
    lines.push(`${duration}_bucket${toLabels({ endpoint, le: '+Inf' })} ${count}`)
    lines.push(`${duration}_sum${toLabels({ endpoint })} ${sum}`)
    lines.push(`${duration}_count${toLabels({ endpoint })} ${count}`)
  }
  return lines
}

function toLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replaceAll(/["\\\n]/g, '_')}"`,
  )
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}
