import type { Expr, Stmt, SwitchCase } from '../graph/index.ts'
import { EVERY } from '../models/index.ts'
import { assume } from './evaluate.ts'
import type { Frame, Handler as Catcher, Loop } from './frame.ts'
import { stepAt, throwTo } from './frame.ts'
import { awaited, iterate, rejected, slot } from './heap-access.ts'
import { REJECT } from './path.ts'
import { assign } from './patterns.ts'
import type { State } from './state.ts'
import { typedValue } from './typed.ts'
import type { Value } from './value.ts'
import { EMPTY, UNKNOWN, clear, join, sourceLabel, traced } from './value.ts'

type Handler = (frame: Frame, stmt: Stmt) => void

function on<K extends Stmt['k']>(_kind: K, handle: (frame: Frame, stmt: Stmt & { k: K }) => void): Handler {
  return (frame, stmt) => handle(frame, stmt as Stmt & { k: K })
}

/** A loop is walked until nothing new comes of it, at most this often. */
const MAX_ROUNDS = 4

export function execute(frame: Frame, statements: readonly Stmt[]): void {
  for (const stmt of statements) {
    if (frame.state.isDead) return
    HANDLERS[stmt.k](frame, stmt)
  }
}

function executeLet(frame: Frame, stmt: Stmt & { k: 'let' }): void {
  let value = stmt.value === undefined ? UNKNOWN : frame.eval(stmt.value)
  const typed = typedValue(frame, stmt.type)
  if (typed !== undefined && value.refs.length === 0) value = join(value, typed)
  if (stmt.marks.untainted === true) value = clear(value, EVERY)
  if (stmt.marks.tainted === true) value = join(value, annotated(frame, stmt))
  assign(frame, stmt.target, value)
}

function annotated(frame: Frame, stmt: Stmt): Value {
  const source = frame.world.source('annotation', '@tainted', stepAt(frame, '@tainted', stmt), false, 1)
  return source === undefined ? EMPTY : { ...UNKNOWN, labels: [sourceLabel(source)] }
}

/** Runs `work` in a fork and gives the state it ended in. */
function inFork(frame: Frame, work: () => void): State {
  const base = frame.state
  frame.state = base.fork()
  work()
  const fork = frame.state
  frame.state = base
  return fork
}

function executeIf(frame: Frame, stmt: Stmt & { k: 'if' }): void {
  frame.eval(stmt.test)
  const sides = [true, false].map((outcome) =>
    inFork(frame, () => {
      assume(frame, stmt.test, outcome)
      execute(frame, outcome ? stmt.yes : stmt.no)
    }),
  )
  frame.state.merge(sides, false)
}

function startLoop(frame: Frame, label: string | undefined, isSwitch = false): Loop {
  const loop: Loop = {
    isSwitch,
    labels: label === undefined ? [] : [label],
    base: frame.state,
    breaks: [],
    continues: [],
  }
  frame.loops.push(loop)
  return loop
}

function executeLoop(frame: Frame, stmt: Stmt & { k: 'loop' }): void {
  if (stmt.test !== undefined && !stmt.testLast) frame.eval(stmt.test)
  repeat(
    frame,
    () => {
      if (stmt.test !== undefined && !stmt.testLast) assume(frame, stmt.test, true)
      execute(frame, stmt.body)
    },
    () => {
      if (stmt.update !== undefined) frame.eval(stmt.update)
      if (stmt.test !== undefined) frame.eval(stmt.test)
    },
  )
  if (stmt.test !== undefined) assume(frame, stmt.test, false)
}

/** Walks a loop body until its state is stable; leaves by its end and by every `break`. */
function repeat(frame: Frame, body: () => void, step: () => void): void {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const loop = startLoop(frame, undefined)
    const end = inFork(frame, () => {
      const walked = inFork(frame, body)
      frame.state.merge([walked, ...loop.continues], false)
      step()
    })
    frame.loops.pop()
    if (!frame.state.merge([end, ...loop.breaks], true)) return
  }
}

function executeEach(frame: Frame, stmt: Stmt & { k: 'each' }): void {
  const over = frame.eval(stmt.over)
  for (const obj of over.refs) if (obj.kind === 'generator') throwTo(frame, slot(frame, obj, REJECT), join)
  repeat(
    frame,
    () => {
      frame.span = stmt.over
      const element = stmt.of ? iterate(frame, over) : { ...UNKNOWN, labels: over.labels }
      if (stmt.isAwait) throwTo(frame, rejected(frame, element), join)
      assign(frame, stmt.target, stmt.isAwait ? awaited(frame, element) : element)
      execute(frame, stmt.body)
    },
    () => {},
  )
}

function executeSwitch(frame: Frame, stmt: Stmt & { k: 'switch' }): void {
  frame.eval(stmt.subject)
  const loop = startLoop(frame, undefined, true)
  const ends: State[] = []
  let previous: State | undefined
  for (const one of stmt.cases) {
    const from = previous
    previous = inFork(frame, () => {
      assumeCase(frame, stmt.subject, one)
      if (from !== undefined && !from.isDead) frame.state.merge([from.since(loop.base)], true)
      execute(frame, one.body)
    })
    ends.push(previous)
  }
  frame.loops.pop()
  const isTotal = stmt.cases.some((one) => one.test === undefined)
  frame.state.merge([...ends.slice(-1), ...loop.breaks], !isTotal)
}

/** In `case 'a':` the subject is 'a'. */
function assumeCase(frame: Frame, subject: Expr, one: SwitchCase): void {
  if (one.test === undefined) return
  const at = { start: subject.start, end: subject.end }
  if (subject.k === 'const' && subject.value === true) assume(frame, one.test, true)
  else assume(frame, { k: 'compare', op: '===', left: subject, right: one.test, ...at }, true)
}

function executeTry(frame: Frame, stmt: Stmt & { k: 'try' }): void {
  const catcher: Catcher = { thrown: EMPTY }
  const handled = stmt.handler !== undefined
  if (handled) frame.handlers.push(catcher)
  const tried = inFork(frame, () => execute(frame, stmt.body))
  if (handled) frame.handlers.pop()
  const ends = [tried]
  if (stmt.handler !== undefined) ends.push(runHandler(frame, stmt, tried, catcher))
  frame.state.merge(ends, false)
  const wasDead = frame.state.isDead
  frame.state.isDead = false
  execute(frame, stmt.finalizer)
  frame.state.isDead ||= wasDead
}

/** A handler starts from anywhere in the body it guards. */
function runHandler(frame: Frame, stmt: Stmt & { k: 'try' }, tried: State, catcher: Catcher): State {
  return inFork(frame, () => {
    const partial = tried.since(frame.state)
    partial.isDead = false
    frame.state.merge([partial], true)
    if (stmt.param !== undefined) {
      frame.span = stmt.param
      assign(frame, stmt.param, traced(catcher.thrown, stepAt(frame, 'caught', stmt.param)))
    }
    execute(frame, stmt.handler ?? [])
  })
}

function executeReturn(frame: Frame, stmt: Stmt & { k: 'return' }): void {
  const value = stmt.value === undefined ? EMPTY : frame.eval(stmt.value)
  frame.returned = join(frame.returned, value)
  frame.exits.push(frame.state.since(frame.entry))
  frame.state.isDead = true
}

function executeThrow(frame: Frame, stmt: Stmt & { k: 'throw' }): void {
  throwTo(frame, frame.eval(stmt.value), join)
  frame.state.isDead = true
}

function executeJump(frame: Frame, stmt: Stmt & { k: 'jump' }): void {
  const { label } = stmt
  const reachable = frame.loops.filter((one) => !stmt.isContinue || !one.isSwitch)
  const loop =
    label === undefined ? reachable.at(-1) : reachable.findLast((one) => one.labels.includes(label))
  const target = loop ?? reachable.at(-1)
  if (target !== undefined)
    (stmt.isContinue ? target.continues : target.breaks).push(frame.state.since(target.base))
  frame.state.isDead = true
}

function executeBlock(frame: Frame, stmt: Stmt & { k: 'block' }): void {
  if (stmt.label === undefined) {
    execute(frame, stmt.body)
    return
  }
  const loop = startLoop(frame, stmt.label)
  const end = inFork(frame, () => execute(frame, stmt.body))
  frame.loops.pop()
  frame.state.merge([end, ...loop.breaks], false)
}

const HANDLERS: Readonly<Record<Stmt['k'], Handler>> = {
  expr: on('expr', (frame, stmt) => void frame.eval(stmt.value)),
  let: on('let', executeLet),
  if: on('if', executeIf),
  loop: on('loop', executeLoop),
  each: on('each', executeEach),
  switch: on('switch', executeSwitch),
  try: on('try', executeTry),
  return: on('return', executeReturn),
  throw: on('throw', executeThrow),
  jump: on('jump', executeJump),
  block: on('block', executeBlock),
}
