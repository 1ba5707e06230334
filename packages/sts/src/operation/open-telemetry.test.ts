import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metrics } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { testSts } from '../../test/fixture.ts'

const grant = { grant_type: 'client_credentials' }

test('OpenTelemetry gets the counts and times that Prometheus reads', async (t) => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] })
  metrics.setGlobalMeterProvider(provider)
  t.after(() => provider.shutdown())
  const sts = await testSts(t, { openTelemetry: true })
  await sts.token(grant)
  await sts.token(grant)
  await sts.token(grant, null)
  await provider.forceFlush()
  const [scope] = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics)
  assert.equal(scope?.scope.name, '@barre/sts')
  const seen = scope.metrics.map(({ descriptor, dataPoints }) => [
    descriptor.name,
    ...dataPoints.map(({ attributes, value }) => [
      attributes,
      typeof value === 'number' ? value : 'count' in value && value.count,
    ]),
  ])
  const endpoint = '/oauth2/token'
  assert.deepEqual(seen, [
    ['barre_sts_tokens_issued_total', [{ grant: 'client_credentials' }, 2]],
    ['barre_sts_refusals_total', [{ endpoint, error: 'invalid_client' }, 1]],
    ['barre_sts_request_duration_seconds', [{ endpoint }, 3]],
  ])
})

test('who does not ask for it is not counted there', async (t) => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] })
  metrics.disable()
  metrics.setGlobalMeterProvider(provider)
  t.after(() => provider.shutdown())
  await (await testSts(t)).token(grant)
  await provider.forceFlush()
  assert.deepEqual(
    exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics),
    [],
  )
})
