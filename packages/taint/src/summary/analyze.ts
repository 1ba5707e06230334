import type { Func, Param } from '../graph/index.ts'
import { EVERY } from '../models/index.ts'
import { execute } from './execute.ts'
import { finish } from './finish.ts'
import type { Frame, World } from './frame.ts'
import { stepAt } from './frame.ts'
import { guardsOf } from './guards.ts'
import { writeSlot } from './heap-access.ts'
import { newFrame } from './new-frame.ts'
import { BOX, TEXT, childPath, paramPath, restPath } from './path.ts'
import { assign } from './patterns.ts'
import type { Summary } from './summary.ts'
import { runLate } from './late.ts'
import { typedValue, withLibraryTypes } from './typed.ts'
import type { Value } from './value.ts'
import { EMPTY, UNKNOWN, clear, join, ofRefs, pathLabel, sourceLabel } from './value.ts'
import { addSink } from './sinks.ts'
import { writeBinding } from './names.ts'

/** Summarises one function: walks its body once with symbolic inputs. */
export function analyze(world: World, func: Func): Summary {
  const frame = newFrame(world, func)
  const uncaught = { thrown: EMPTY }
  frame.handlers.push(uncaught)
  if (!func.isArrow && func.self.captured) writeSlot(frame, frame.cell(func.self), BOX, frame.thisValue)
  if (!func.isArrow && func.parent !== undefined) bindArguments(frame)
  for (const [index, param] of func.params.entries()) bindParam(frame, param, index)
  execute(frame, func.body)
  if (!frame.state.isDead) frame.exits.push(frame.state.since(frame.entry))
  runLate(frame)
  return finish(frame, uncaught.thrown, guardsOf(frame))
}

function bindArguments(frame: Frame): void {
  const all = ofRefs([frame.world.heap.symbolic(restPath(0))])
  writeBinding(frame, frame.func.argumentsBinding, all)
}

function bindParam(frame: Frame, param: Param, index: number): void {
  frame.span = param.span
  assign(frame, param.pattern, inputOf(frame, param, index))
}

function inputOf(frame: Frame, param: Param, index: number): Value {
  const { heap } = frame.world
  const path = param.rest ? restPath(index) : paramPath(index)
  const input = ofRefs([heap.symbolic(path)])
  const sensitive = param.marks.sensitive
  if (sensitive !== undefined) {
    const label = pathLabel(childPath(path, TEXT), 0, undefined)
    for (const kind of sensitive) {
      addSink(frame, label, {
        module: frame.func.module,
        span: param.span,
        kind: kind === '*' ? 'any' : kind,
        parameter: param.name,
        callee: frame.func.name,
        isParameter: true,
      })
    }
    return clear(input, EVERY)
  }
  if (param.marks.untainted === true || param.type?.inert === true) return clear(input, EVERY)
  if (frame.world.options.entries.has(frame.func)) return join(input, entrySource(frame, param))
  const typed = typedValue(frame, param.type)
  const value = withLibraryTypes(frame, typed === undefined ? input : join(input, typed), param.library)
  return param.marks.tainted === true ? join(value, annotated(frame, param)) : value
}

/** In a library, what other programs pass to an exported function is not to be trusted. */
function entrySource(frame: Frame, param: Param): Value {
  const source = frame.world.source(
    'library',
    param.name,
    stepAt(frame, 'exported parameter', param.span),
    false,
    0.5,
  )
  return source === undefined ? EMPTY : { ...UNKNOWN, labels: [sourceLabel(source)] }
}

function annotated(frame: Frame, param: Param): Value {
  const source = frame.world.source(
    'annotation',
    `@tainted ${param.name}`,
    stepAt(frame, '@tainted', param.span),
    false,
    1,
  )
  return source === undefined ? EMPTY : { ...UNKNOWN, labels: [sourceLabel(source)] }
}
