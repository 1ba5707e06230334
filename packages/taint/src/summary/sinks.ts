import type { Span } from '../graph/index.ts'
import { bitOf } from '../models/index.ts'
import type { Call, Frame } from './frame.ts'
import { LIMITS, countLimit } from './limits.ts'
import { isHarmlessPath } from './path-facts.ts'
import type { SinkSite } from './summary.ts'
import type { Label, Step } from './value.ts'

/** A label has reached a dangerous place: a finding if it is a source, else the caller's business. */
export function addSink(frame: Frame, label: Label, site: SinkSite, argument?: Step): void {
  if ((label.cleared & bitOf(site.kind)) !== 0) return
  if (site.kind === 'path' && isHarmlessPath(label)) return
  if (label.source !== undefined) {
    frame.world.report(label, site, argument)
    return
  }
  const key = `${label.key}:${site.module.id}:${site.span.start}:${site.span.end}:${site.kind}`
  if (frame.sinks.has(key)) return
  if (frame.sinks.size >= LIMITS['sinks-per-function']) countLimit('sinks-per-function')
  else frame.sinks.set(key, { label, site })
}

export function addSinks(frame: Frame, labels: readonly Label[], site: SinkSite): void {
  for (const label of labels) addSink(frame, label, site)
}

export function siteOf(call: Call, span: Span, kind: string, parameter: string, callee: string): SinkSite {
  return { module: call.module, span, kind, parameter, callee, isParameter: false }
}
