import type { Func } from '../graph/index.ts'
import { argumentAt, fillRest } from './arguments.ts'
import type { Call, Frame, Outcome } from './frame.ts'
import { isShared, isTopLevel } from './frame.ts'
import {
  awaited,
  deepLabels,
  iterate,
  mapValues,
  read,
  rejected,
  slot,
  textOf,
  write,
  writeSlot,
} from './heap-access.ts'
import { countLimit } from './limits.ts'
import type { Obj } from './object.ts'
import type { Path } from './path.ts'
import { AWAIT, BOX, DEEP, ELEMENT, REJECT, SELF, TEXT, VALUE, isWide } from './path.ts'
import { addSink } from './sinks.ts'
import type { Deferred, Summary } from './summary.ts'
import type { Label, Step, Value } from './value.ts'
import { EMPTY, UNKNOWN, addInner, addStep, clear, clearLabels, join, joinLabels, ofRefs } from './value.ts'

/** One call of a summarised function: turns what the summary says of its inputs into what the caller has. */
class Application {
  readonly #frame: Frame
  readonly #summary: Summary
  readonly #call: Call
  readonly #closure: Obj | undefined
  readonly #paths = new Map<Path, Value>()
  readonly #objects = new Map<Obj, readonly Obj[]>()
  readonly #results = new Map<number, Outcome>()

  constructor(frame: Frame, summary: Summary, call: Call, closure: Obj | undefined) {
    this.#frame = frame
    this.#summary = summary
    this.#call = call
    this.#closure = closure
  }

  run(): Outcome {
    const { effects, deferred, sinks, returned, thrown } = this.#summary
    this.#frame.applying += 1
    this.#resolveInputs()
    this.#frame.applying -= 1
    let raised = EMPTY
    const early = deferred.length === 0 ? effects : effects.filter((effect) => !dependsOnResult(effect.value))
    for (const effect of early) this.#write(effect.target, effect.field, effect.value)
    for (const one of deferred) raised = join(raised, this.#runDeferred(one))
    for (const effect of effects)
      if (!early.includes(effect)) this.#write(effect.target, effect.field, effect.value)
    for (const { label, site } of sinks) {
      const argument = label.path === undefined ? undefined : this.#argumentStep(label.path)
      const place =
        site.isParameter && argument !== undefined
          ? { ...site, module: argument.module, span: argument.span, isParameter: false }
          : site
      for (const one of this.#labels(label)) addSink(this.#frame, one, place, argument)
    }
    return { value: this.#value(returned), thrown: join(raised, this.#value(thrown)) }
  }

  /** Inputs are what they are at the moment of the call, before any effect of it. */
  #resolveInputs(): void {
    const { effects, sinks, returned, thrown, deferred } = this.#summary
    const values = [returned, thrown, ...effects.map((one) => one.value)]
    for (const one of deferred) values.push(one.callee, one.thisValue, ...one.args.map((arg) => arg.value))
    for (const value of values) {
      for (const label of value.labels) this.#resolveEarly(label.path)
      for (const obj of value.refs) this.#resolveEarly(obj.path)
    }
    for (const { label } of sinks) this.#resolveEarly(label.path)
    for (const { target } of effects) this.#resolveEarly(target.path)
  }

  #resolveEarly(path: Path | undefined): void {
    if (path === undefined || path.root.kind === 'result') return
    if (path.field === TEXT || path.field === DEEP || path.field === SELF) this.#pathLabels(path)
    else this.#path(path)
  }

  readonly #labelCache = new Map<Path, readonly Label[]>()

  #pathLabels(path: Path): readonly Label[] {
    let labels = this.#labelCache.get(path)
    if (labels === undefined) {
      const whole = path.parent === undefined ? EMPTY : this.#path(path.parent)
      labels = this.#reduce(path, whole)
      if (path.root.kind !== 'result') this.#labelCache.set(path, labels)
    }
    return labels
  }

  #reduce(path: Path, whole: Value): readonly Label[] {
    if (path.field === SELF) return clearLabels(whole.labels, 0)
    const isDeep = path.field === DEEP || (path.parent !== undefined && isWide(path.parent))
    return isDeep ? deepLabels(this.#frame, whole) : textOf(this.#frame, whole)
  }

  #path(path: Path): Value {
    const known = this.#paths.get(path)
    if (known !== undefined) return known
    const value = path.parent === undefined ? this.#root(path) : this.#step(this.#path(path.parent), path)
    if (path.root.kind !== 'result') this.#paths.set(path, value)
    return value
  }

  #root(path: Path): Value {
    const { root } = path
    if (root.kind === 'param') return argumentAt(this.#frame, this.#call.args, root.index)
    if (root.kind === 'this') return this.#call.thisValue
    if (root.kind === 'result') return this.#results.get(root.call)?.value ?? UNKNOWN
    if (root.kind === 'rest') return this.#rest(root.from)
    const env = this.#closure === undefined ? EMPTY : slot(this.#frame, this.#closure, `@${root.binding.id}`)
    return env.refs.length > 0 ? env : ofRefs([this.#frame.cell(root.binding)])
  }

  #rest(from: number): Value {
    const frame = this.#frame
    const array = frame.world.heap.at(this.#call.id * 64 + from + 0.5, { kind: 'array' }, isTopLevel(frame))
    fillRest(frame, this.#call.args, from, (field, value) => {
      writeSlot(frame, array, field, field === ELEMENT ? join(slot(frame, array, field), value) : value)
    })
    return ofRefs([array])
  }

  #step(base: Value, path: Path): Value {
    const { field } = path
    if (field === AWAIT) return awaited(this.#frame, base)
    if (field === REJECT) return rejected(this.#frame, base)
    if (field === ELEMENT) return join(iterate(this.#frame, base), read(this.#frame, base, undefined))
    if (isWide(path)) return read(this.#frame, base, undefined)
    if (field.startsWith(VALUE)) return this.#mapValue(base, field)
    return read(this.#frame, base, field)
  }

  #mapValue(base: Value, field: string): Value {
    const key = field === VALUE ? undefined : field.slice(VALUE.length + 1)
    let found: Value = { ...EMPTY, labels: base.labels }
    for (const obj of base.refs) found = join(found, mapValues(this.#frame, obj, key))
    return found
  }

  #labels(label: Label): readonly Label[] {
    if (label.path === undefined) return [this.#carry(label, undefined)]
    return clearLabels(this.#pathLabels(label.path), label.cleared).map((one) => this.#carry(one, label))
  }

  /** A label's story so far, the call, and what happened to it inside. */
  #carry(outer: Label, inner: Label | undefined): Label {
    if (inner === undefined)
      return { ...outer, trace: addStep(outer.trace, this.#here(`returned by ${this.#call.name}()`)) }
    const called = addStep(outer.trace, this.#here(`passed to ${this.#call.name}()`))
    return { ...outer, trace: addInner(called, inner.trace) }
  }

  #value(value: Value): Value {
    let labels: readonly Label[] = []
    for (const label of value.labels) labels = joinLabels(labels, this.#labels(label))
    let result: Value = {
      labels,
      refs: [],
      cleared: value.refs.length > 0 ? value.cleared : 0,
      constants: value.constants,
    }
    let isFirst = true
    for (const obj of value.refs) {
      const found = clear(this.#reference(obj), value.cleared)
      result =
        isFirst && result.labels.length === 0 && value.refs.length === 1
          ? found
          : join({ ...result, constants: result.constants ?? undefined }, found)
      isFirst = false
    }
    return result
  }

  #reference(obj: Obj): Value {
    if (obj.kind === 'symbolic' && obj.path !== undefined) return this.#path(obj.path)
    return ofRefs(this.#object(obj))
  }

  /** An object the callee made becomes one of the caller's, with its fields. */
  #object(obj: Obj): readonly Obj[] {
    if (obj.isGlobal) return [obj]
    const known = this.#objects.get(obj)
    if (known !== undefined) return known
    const frame = this.#frame
    const fields = this.#summary.made.get(obj)
    if (fields === undefined && obj.kind === 'box' && obj.binding !== undefined)
      return [frame.cell(obj.binding)]
    const twin = frame.world.heap.through(this.#call.id, obj, isTopLevel(frame))
    this.#objects.set(obj, [twin])
    for (const [field, value] of fields ?? []) {
      const inner = this.#value(value)
      writeSlot(frame, twin, field, twin.depth >= 3 ? join(slot(frame, twin, field), inner) : inner)
    }
    return [twin]
  }

  /** A place the caller has nothing at: the callee filled it, so something is there now. */
  #materialized(path: Path): Value {
    const known = this.#path(path)
    if (known.refs.length > 0 || path.parent === undefined || path.field.startsWith('<')) return known
    const frame = this.#frame
    const holder = this.#materialized(path.parent)
    const made = ofRefs([
      frame.world.heap.at(this.#call.id * 64 + path.id / 1e7, { kind: 'object' }, isTopLevel(frame)),
    ])
    write(frame, holder, path.field, join(known, made))
    this.#paths.set(path, join(known, made))
    return join(known, made)
  }

  #write(target: Obj, field: string, value: Value): void {
    const targets = target.path === undefined ? this.#reference(target) : this.#materialized(target.path)
    const found = this.#value(value)
    if (target.kind === 'box' || field === BOX) {
      for (const cell of targets.refs)
        writeSlot(
          this.#frame,
          cell,
          field,
          targets.refs.length === 1 ? found : join(slot(this.#frame, cell, field), found),
        )
      return
    }
    write(this.#frame, targets, field === ELEMENT ? undefined : field, found)
  }

  #runDeferred(one: Deferred): Value {
    const id = this.#frame.world.nestCall(this.#call.id, one.id)
    if (id === undefined) {
      this.#frame.isCut = true
      return EMPTY
    }
    const args = one.args.map((arg) => ({ value: this.#value(arg.value), spread: arg.spread }))
    const { module, span, isNew, name } = one
    const outcome = this.#frame.invoke(this.#value(one.callee), {
      id,
      module,
      span,
      args,
      thisValue: this.#value(one.thisValue),
      isNew,
      name,
    })
    this.#results.set(one.id, outcome)
    return outcome.thrown
  }

  #here(why: string): Step {
    return { module: this.#call.module, span: this.#call.span, why }
  }

  /** The argument a label came in by; a captured variable or a receiver has none. */
  #argumentStep(path: Path): Step | undefined {
    const index =
      path.root.kind === 'param' ? path.root.index : path.root.kind === 'rest' ? path.root.from : undefined
    if (index === undefined) return undefined
    const name = this.#summary.func.params[index]?.name ?? ''
    return {
      module: this.#call.module,
      span: this.#call.args[index]?.span ?? this.#call.args.at(-1)?.span ?? this.#call.span,
      why: name,
    }
  }
}

function dependsOnResult(value: Value): boolean {
  return (
    value.labels.some((label) => label.path?.root.kind === 'result') ||
    value.refs.some((obj) => obj.path?.root.kind === 'result' || !obj.isGlobal)
  )
}

/** Calls a known function: its summary, seen from here. */
export function applyFunction(frame: Frame, func: Func, call: Call, closure?: Obj): Outcome {
  if (isShared(frame)) return frame.world.callLate(frame, func, call, closure)
  frame.callees.add(func)
  return applySummary(frame, frame.world.summaryOf(func), call, closure)
}

export function applySummary(frame: Frame, summary: Summary, call: Call, closure: Obj | undefined): Outcome {
  if (frame.budget < 0) {
    countLimit('applications-per-function')
    frame.isCut = true
    return { value: UNKNOWN, thrown: EMPTY }
  }
  frame.budget -= 4 + summary.made.size + summary.effects.length + 8 * summary.deferred.length
  return new Application(frame, summary, call, closure).run()
}
