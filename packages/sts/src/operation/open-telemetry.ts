import { createRequire } from 'node:module'
import { ConfigError } from 'barre/core'
import type * as Api from '@opentelemetry/api'

/** Where counts and times go beside Prometheus. */
export interface Instruments {
  count(name: string, labels: Readonly<Record<string, string>>): void
  observeSeconds(endpoint: string, seconds: number): void
}

interface Description {
  readonly name: string
  readonly text: string
}

/**
 * Counters and a histogram of the meter `@barre/sts`, under the names that Prometheus reads. What becomes of them the
 * program says, which registers an SDK before it starts the service. Throws ConfigError naming `path`.
 */
export function openTelemetry(
  counters: readonly Description[],
  times: Description & { readonly boundsSeconds: readonly number[] },
  path: string,
): Instruments {
  const meter = importApi(path).metrics.getMeter('@barre/sts')
  const byName = new Map(
    counters.map(({ name, text: description }) => [name, meter.createCounter(name, { description })]),
  )
  const histogram = meter.createHistogram(times.name, {
    description: times.text,
    unit: 's',
    advice: { explicitBucketBoundaries: [...times.boundsSeconds] },
  })
  return {
    count: (name, labels) => byName.get(name)?.add(1, labels),
    observeSeconds: (endpoint, seconds) => histogram.record(seconds, { endpoint }),
  }
}

function importApi(path: string): typeof Api {
  try {
    return createRequire(import.meta.url)('@opentelemetry/api') as typeof Api
  } catch (cause) {
    throw new ConfigError(path, 'needs the library @opentelemetry/api: npm install @opentelemetry/api', {
      cause,
    })
  }
}
