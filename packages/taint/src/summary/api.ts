import type { Access, AccessStep, ApiNode, FlowRow, Row, SinkRow } from '../models/index.ts'
import { instanceOf, resultOf, rowOf } from '../models/index.ts'
import { argumentAt, argumentValues } from './arguments.ts'
import { chainParams, mountRouters } from './chain.ts'
import type { Call, Frame, Outcome } from './frame.ts'
import { impliedCall, isTopLevel } from './frame.ts'
import { read, slot, textOf } from './heap-access.ts'
import { CONTENT_TYPE } from './hidden.ts'
import { NATIVES, copyInto } from './natives.ts'
import type { Obj } from './object.ts'
import { carry, positionsOf, stepInto, store, taintObject, wrap } from './places.ts'
import { addSinks, siteOf } from './sinks.ts'
import type { Value } from './value.ts'
import { EMPTY, UNKNOWN, clear, join, joinAll, ofRefs, sourceLabel, traced } from './value.ts'

/** Calls a modelled function. Undefined when the models say nothing of calling it. */
export function applyApi(frame: Frame, node: ApiNode, call: Call, target?: Obj): Outcome | undefined {
  const row = rowOf(node)
  const made = madeBy(frame, node, call)
  if (row === undefined) return made === undefined ? undefined : { value: made, thrown: EMPTY }
  if (made === undefined && !saysHow(row)) return undefined
  const outcome = applyRow(frame, row, call, node.label, target, made)
  return made === undefined ? outcome : { value: join(outcome.value, made), thrown: outcome.thrown }
}

function saysHow(row: Row): boolean {
  return (
    row.sinks.length + row.flows.length + row.guards.length + row.callbacks.length > 0 ||
    row.native !== undefined ||
    row.isInert ||
    row.clears !== 0
  )
}

function madeBy(frame: Frame, node: ApiNode, call: Call): Value | undefined {
  const result = call.isNew ? instanceOf(node) : resultOf(node)
  if (result === undefined) return undefined
  const isPlain =
    result.members.size === 0 &&
    result.any === undefined &&
    result.alias === undefined &&
    result.result === undefined &&
    (result.row === undefined || !saysHow(result.row))
  const made = isPlain
    ? UNKNOWN
    : ofRefs([frame.world.heap.at(call.id, { kind: 'api', api: result }, isTopLevel(frame))])
  const source = rowOf(result)?.source
  if (source === undefined) return made
  const step = { module: call.module, span: call.span, why: result.label }
  const at = frame.world.source(source.kind, result.label, step, false, source.confidence)
  return at === undefined ? made : { ...made, labels: [sourceLabel(at, source.cleared)] }
}

/** Applies one row: its sinks, then its callbacks, then what flows where. */
export function applyRow(
  frame: Frame,
  row: Row,
  call: Call,
  label: string,
  target?: Obj,
  made?: Value,
): Outcome {
  for (const sink of row.sinks) applySink(frame, sink, call, label)
  if (row.native !== undefined) {
    const outcome = NATIVES[row.native]?.(frame, call, target, made)
    if (outcome !== undefined) return outcome
  }
  if (row.isInert || (row.isNew !== undefined && row.isNew !== call.isNew))
    return { value: UNKNOWN, thrown: EMPTY }
  return new RowCall(frame, row, call).run()
}

function applySink(frame: Frame, sink: SinkRow, call: Call, label: string): void {
  if (!isMeant(sink, call) || (sink.kind === 'html' && isNoMarkup(frame, call))) return
  const { base, steps } = sink.at
  if (base.kind !== 'arg') {
    const value = steps.reduce((at, step) => stepInto(frame, at, step), call.thisValue)
    addSinks(frame, textOf(frame, value), siteOf(call, call.span, sink.kind, sink.name, label))
    return
  }
  for (const position of positionsOf(base, call.args)) {
    const value = steps.reduce(
      (at, step) => stepInto(frame, at, step),
      argumentAt(frame, call.args, position),
    )
    const span = call.args[position]?.span ?? call.span
    addSinks(frame, textOf(frame, value), siteOf(call, span, sink.kind, sink.name, label))
  }
}

/** A response that says it is no markup. */
function isNoMarkup(frame: Frame, call: Call): boolean {
  const types = call.thisValue.refs.flatMap((obj) => slot(frame, obj, CONTENT_TYPE).constants ?? [])
  return types.length > 0 && types.every((type) => !/html|xml|svg/i.test(String(type)))
}

/** A row may speak of `new f()` only, of a number of arguments, of a constant first one. */
function isMeant(sink: SinkRow, call: Call): boolean {
  if (sink.isNew !== undefined && sink.isNew !== call.isNew) return false
  if (sink.arity !== undefined && sink.arity !== call.args.length) return false
  if (sink.least !== undefined && call.args.length < sink.least) return false
  return sink.when === undefined || (call.args[0]?.value.constants ?? []).includes(sink.when)
}

/** Moves data as one row says, calling back what it is given. */
class RowCall {
  readonly #frame: Frame
  readonly #row: Row
  readonly #call: Call
  readonly #results = new Map<number, Outcome>()
  readonly #params = new Map<string, Value>()
  #value: Value = EMPTY
  #thrown: Value = EMPTY

  constructor(frame: Frame, row: Row, call: Call) {
    this.#frame = frame
    this.#row = row
    this.#call = call
  }

  run(): Outcome {
    this.#callBack()
    for (const flow of this.#row.flows) if (flow.to.steps[0]?.kind !== 'param') this.#flow(flow)
    const value = this.#value === EMPTY ? UNKNOWN : clear(this.#value, this.#row.clears)
    return { value, thrown: this.#thrown }
  }

  #callBack(): void {
    const positions = new Set<number>()
    for (const access of this.#accesses()) {
      if (access.base.kind === 'arg')
        for (const position of positionsOf(access.base, this.#call.args)) positions.add(position)
    }
    for (const position of [...positions].toSorted((a, b) => a - b)) this.#runCallback(position)
  }

  #accesses(): Access[] {
    const takes = this.#row.flows
      .flatMap(({ from, to }) => [from, to])
      .filter((access) => access.steps.some((step) => step.kind === 'param' || step.kind === 'result'))
    return [...takes, ...this.#row.callbacks.map((row) => row.at)]
  }

  #runCallback(position: number): void {
    const callback = argumentAt(this.#frame, this.#call.args, position)
    const given = this.#row.callbacks.filter(
      (row) => row.at.base.kind === 'arg' && covers(row.at.base, position) && this.#isEvent(row.when),
    )
    const args: Value[] = []
    let self: Value = UNKNOWN
    for (const row of given) {
      const shift =
        row.params.length === 3 && callback.refs.some((obj) => obj.func?.params.length === 4) ? 1 : 0
      for (const [index, value] of chainParams(this.#frame, row, this.#call).entries())
        put(args, index + shift, value)
      mountRouters(this.#frame, row, this.#call, callback, row.params)
      refuseSensitive(this.#frame, callback)
    }
    for (const flow of this.#row.flows) {
      const step = flow.to.steps[0]
      if (flow.to.base.kind !== 'arg' || step?.kind !== 'param' || !covers(flow.to.base, position)) continue
      const value = this.#carried(flow)
      if (step.isThis) self = join(self, value)
      else
        for (let index = step.from; index <= Math.min(step.to, step.from + 4); index += 1)
          put(args, index, value)
    }
    this.#freshParams(args, position)
    this.#results.set(position, this.#invoke(position, callback, args, self, given.length > 0))
  }

  #isEvent(name: string | undefined): boolean {
    const names = this.#call.args[0]?.value.constants
    return name === undefined || names === undefined || names.includes(name)
  }

  /** A row may read what a callback leaves in its parameter. */
  #freshParams(args: Value[], position: number): void {
    for (const { from } of this.#row.flows) {
      const step = from.steps[0]
      if (from.base.kind !== 'arg' || step?.kind !== 'param' || !covers(from.base, position)) continue
      const made = ofRefs([
        this.#frame.world.heap.at(this.#call.id * 64 + step.from + 0.25, { kind: 'object' }),
      ])
      put(args, step.from, made)
      this.#params.set(`${position}:${step.from}`, made)
    }
  }

  #invoke(
    position: number,
    callback: Value,
    args: readonly Value[],
    self: Value,
    isHandler: boolean,
  ): Outcome {
    const inner = this.#frame.world.nestCall(this.#call.id, position + 1)
    const callable = callback.refs.some((obj) => obj.kind !== 'object' && obj.kind !== 'array')
    if (inner === undefined || (!callable && !isHandler)) return { value: EMPTY, thrown: EMPTY }
    const call = {
      ...impliedCall(
        this.#frame,
        inner,
        self,
        args.map((value) => ({ value, spread: false })),
        this.#call.name,
      ),
      module: this.#call.module,
      span: this.#call.span,
    }
    const outcome = this.#frame.invoke(isHandler ? flattenHandlers(this.#frame, callback) : callback, call)
    if (!isHandler) this.#thrown = join(this.#thrown, outcome.thrown)
    return outcome
  }

  #flow(flow: FlowRow): void {
    const value = this.#carried(flow)
    if (
      value.labels.length === 0 &&
      value.refs.length === 0 &&
      value.constants === undefined &&
      flow.to.steps.length === 0
    )
      return
    const { base, steps } = flow.to
    if (base.kind === 'return') this.#value = join(this.#value, wrap(this.#frame, this.#call, steps, value))
    else if (base.kind === 'throw') this.#thrown = join(this.#thrown, value)
    else this.#store(base.kind === 'this' ? [this.#call.thisValue] : this.#arguments(flow.to), steps, value)
  }

  #arguments(access: Access): Value[] {
    return access.base.kind === 'arg'
      ? positionsOf(access.base, this.#call.args).map((at) => argumentAt(this.#frame, this.#call.args, at))
      : []
  }

  #store(targets: readonly Value[], steps: readonly AccessStep[], value: Value): void {
    const last = steps.at(-1)
    for (const target of targets) {
      const holder = steps.slice(0, -1).reduce((at, step) => stepInto(this.#frame, at, step), target)
      if (last === undefined) taintObject(this.#frame, holder, value)
      else if (last.kind === 'field') store(this.#frame, holder, last.name, value)
      else if (last.kind === 'any') copyInto(this.#frame, value, holder)
    }
  }

  #carried(flow: FlowRow): Value {
    const value = joinAll(this.#sources(flow.from))
    return this.#noted(carry(this.#frame, value, flow.carry))
  }

  #noted(value: Value): Value {
    return traced(value, { module: this.#call.module, span: this.#call.span, why: `${this.#call.name}()` })
  }

  #sources(access: Access): Value[] {
    const { base, steps } = access
    const [first, ...rest] = steps
    if (base.kind === 'this')
      return [steps.reduce((at, step) => stepInto(this.#frame, at, step), this.#call.thisValue)]
    if (base.kind !== 'arg') return []
    if (first?.kind === 'result' || first?.kind === 'param') {
      return positionsOf(base, this.#call.args).map((position) => {
        const from =
          first.kind === 'result'
            ? this.#results.get(position)?.value
            : this.#params.get(`${position}:${first.from}`)
        return rest.reduce((at, step) => stepInto(this.#frame, at, step), from ?? EMPTY)
      })
    }
    const values = base.fromEnd
      ? this.#arguments(access)
      : argumentValues(this.#frame, this.#call.args, base.from, base.to)
    return values.map((value) => steps.reduce((at, step) => stepInto(this.#frame, at, step), value))
  }
}

/** What a framework hands to an entry point is tainted: no parameter of one can promise otherwise. */
function refuseSensitive(frame: Frame, callback: Value): void {
  for (const obj of callback.refs) {
    for (const param of obj.func?.params ?? []) {
      if (param.marks.sensitive === undefined || obj.func === undefined) continue
      frame.world.diagnose(
        'entry-point',
        obj.func.module,
        param.span,
        `entry point parameter '${param.name}' cannot be sensitive`,
      )
    }
  }
}

function covers(base: Access['base'] & { kind: 'arg' }, position: number): boolean {
  return position >= base.from && position <= base.to
}

function put(args: Value[], index: number, value: Value): void {
  while (args.length <= index) args.push(UNKNOWN)
  args[index] = join(args[index] ?? UNKNOWN, value)
}

/** Handlers may come as lists of lists. */
function flattenHandlers(frame: Frame, value: Value): Value {
  const arrays = value.refs.filter((obj) => obj.kind === 'array')
  if (arrays.length === 0) return value
  return joinAll([value, ...arrays.map((obj) => read(frame, ofRefs([obj]), undefined))])
}
