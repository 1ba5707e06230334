import type { CallbackRow } from '../models/index.ts'
import type { Call, Frame } from './frame.ts'
import { isTopLevel } from './frame.ts'
import { slots, writeSlot } from './heap-access.ts'
import type { Obj } from './object.ts'
import type { Value } from './value.ts'
import { UNKNOWN, ofRefs } from './value.ts'

/** The objects a framework hands to a handler. In a chain, handlers of one app see what earlier ones wrote. */
export function chainParams(frame: Frame, row: CallbackRow, call: Call): Value[] {
  const app = call.thisValue.refs.find((obj) => obj.kind === 'api')
  return row.params.map((node, index) => {
    if (node === undefined) return UNKNOWN
    if (row.chain === undefined || app === undefined) {
      return ofRefs([frame.world.heap.at(call.id * 64 + index + 0.75, { kind: 'api', api: node }, isTopLevel(frame))])
    }
    const shared = frame.world.heap.at(app.id * 64 + index + 0.625, { kind: 'api', api: node }, app.isGlobal)
    if (row.chain === 'shared') return ofRefs([shared])
    return ofRefs([copyOf(frame, shared, call, index)])
  })
}

/** A route's own view: what came before it on the app, and what its own handlers write. */
function copyOf(frame: Frame, shared: Obj, call: Call, index: number): Obj {
  const { api } = shared
  const own = frame.world.heap.at(call.id * 64 + index + 0.875, api === undefined ? { kind: 'api' } : { kind: 'api', api }, isTopLevel(frame))
  for (const [field, value] of slots(frame, shared)) writeSlot(frame, own, field, value)
  return own
}
