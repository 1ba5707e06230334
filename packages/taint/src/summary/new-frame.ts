import type { Binding, Func } from '../graph/index.ts'
import { evaluate } from './evaluate.ts'
import type { Frame, World } from './frame.ts'
import { missing } from './heap-access.ts'
import { invokeKnown, invokeUnknown } from './invoke.ts'
import { LIMITS } from './limits.ts'
import type { Obj } from './object.ts'
import { capturedPath, thisPath } from './path.ts'
import { State } from './state.ts'
import type { Value } from './value.ts'
import { EMPTY, UNKNOWN, ofRefs } from './value.ts'

export function newFrame(world: World, func: Func): Frame {
  const holder: { frame?: Frame } = {}
  const miss = (obj: Obj, field: string): Value =>
    holder.frame === undefined ? EMPTY : missing(holder.frame, obj, field)
  const entry = new State(miss)
  const frame: Frame = {
    world,
    func,
    thisValue: func.parent === undefined ? UNKNOWN : ofRefs([world.heap.symbolic(thisPath())]),
    entry,
    state: entry.fork(),
    exits: [],
    returned: EMPTY,
    yielded: EMPTY,
    handlers: [],
    loops: [],
    deferred: new Map(),
    sinks: new Map(),
    reads: new Set(),
    callees: new Set(),
    created: new Map(),
    invoked: new Set(),
    escaped: new Set(),
    lasting: new Set(),
    readAt: new Map(),
    span: func.span,
    depth: 0,
    budget: LIMITS['applications-per-function'],
    applying: 0,
    isClosing: false,
    isCut: false,
    eval: (expr) => evaluate(frame, expr),
    invoke: (callee, call) => invokeKnown(frame, callee, call) ?? invokeUnknown(frame, call, call.thisValue),
    cell: (binding) => cellOf(world, func, binding),
  }
  holder.frame = frame
  return frame
}

function cellOf(world: World, func: Func, binding: Binding): Obj {
  if (binding.owner === func || binding.owner.parent === undefined) return world.heap.box(binding)
  return world.heap.symbolic(capturedPath(binding))
}
