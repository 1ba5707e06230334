import { argumentAt } from './arguments.ts'
import type { Call, Frame, Outcome } from './frame.ts'
import { isTopLevel } from './frame.ts'
import { read, textOf, writeSlot } from './heap-access.ts'
import type { Native } from './native.ts'
import { afterJoining } from './path-facts.ts'
import type { Replacement } from './replacements.ts'
import { afterReplacing } from './replacements.ts'
import type { Value } from './value.ts'
import { EMPTY, UNKNOWN, clearLabels, constant, join, joinLabels, ofLabels, ofRefs, traced } from './value.ts'

function value(found: Value): Outcome {
  return { value: found, thrown: EMPTY }
}

/** An error's text is its message; its other fields are the engine's own. */
function newError(frame: Frame, call: Call): Outcome {
  const made = frame.world.heap.at(call.id, { kind: 'error' }, isTopLevel(frame))
  const message = ofLabels(textOf(frame, argumentAt(frame, call.args, 0)))
  for (const field of ['message', 'stack']) writeSlot(frame, made, field, message)
  const cause = argumentAt(frame, call.args, 1)
  writeSlot(frame, made, 'cause', read(frame, cause, 'cause'))
  return value(ofRefs([made]))
}

/** Text that only a pattern with a loose part can match: anything else is as harmless as the pattern. */
const LOOSE = /\[\^|\\[SDWs]|(?:^|[^\\])\./

function isLoose(pattern: Value): boolean {
  const text = pattern.constants?.length === 1 ? String(pattern.constants[0]) : undefined
  if (text === undefined) return true
  return text.startsWith('/') && text.lastIndexOf('/') > 0 && LOOSE.test(text)
}

function patternOf(pattern: Value): string | undefined {
  return pattern.constants?.length === 1 ? String(pattern.constants[0]) : undefined
}

/** `text.replace(pattern, callback)`: the callback sees only what the pattern can match. */
function replaceNative(frame: Frame, call: Call): Outcome {
  const pattern = argumentAt(frame, call.args, 0)
  const replacement = argumentAt(frame, call.args, 1)
  const isCallable = replacement.refs.some(
    (obj) => obj.kind === 'function' || obj.kind === 'symbolic' || obj.kind === 'bound',
  )
  const text = textOf(frame, call.thisValue)
  const replaced = readReplacement(call.name, pattern, replacement, isCallable)
  const whole = ofLabels(
    replaced === undefined
      ? text
      : text.flatMap((label) => clearLabels([label], afterReplacing(replaced, label.cleared))),
  )
  const matched = isLoose(pattern) ? whole : UNKNOWN
  rememberMatch(frame, whole)
  const args = [matched, matched, matched].map((one) => ({ value: one, spread: false }))
  const outcome = isCallable
    ? frame.invoke(replacement, { ...call, id: call.id + 0.25, args, thisValue: UNKNOWN })
    : { value: replacement, thrown: EMPTY }
  return { value: join(whole, ofLabels(textOf(frame, outcome.value))), thrown: outcome.thrown }
}

/** Flags that nobody knows are taken for those that were meant. */
function readReplacement(
  method: string,
  pattern: Value,
  replacement: Value,
  isCallable: boolean,
): Replacement | undefined {
  const text = patternOf(pattern)
  const by = isCallable ? undefined : patternOf(replacement)
  if (text === undefined || (by === undefined && !isCallable)) return undefined
  const regex = /^\/(.*)\/([a-z?]*)$/s.exec(text)
  const source = regex?.[1] ?? text.replaceAll(/[.^$*+?()[\]{}|\\]/g, '\\$&')
  const isGlobal = regex === null ? method === 'replaceAll' : /[g?]/.test(regex[2] ?? '')
  return { source, isGlobal, by }
}

/** `RegExp.$1` holds what the last match captured. */
function rememberMatch(frame: Frame, text: Value): void {
  const root = frame.world.models.package('global')
  const node = root?.members.get('RegExp')
  if (node === undefined || text.labels.length === 0) return
  const holder = frame.world.heap.api(node)
  for (let group = 1; group < 10; group += 1) frame.state.setField(holder, `$${group}`, text)
}

function matchNative(frame: Frame, call: Call): undefined {
  const isOnPattern = call.name === 'exec' || call.name === 'test'
  rememberMatch(
    frame,
    ofLabels(textOf(frame, isOnPattern ? argumentAt(frame, call.args, 0) : call.thisValue)),
  )
  return undefined
}

/** `new RegExp('[<>]', 'g')` is the literal; flags that nobody knows are written `?`. */
function newRegExp(frame: Frame, call: Call): Outcome {
  const source = patternOf(argumentAt(frame, call.args, 0))
  const flags = call.args.length < 2 ? '' : (patternOf(argumentAt(frame, call.args, 1)) ?? '?')
  if (source === undefined || source.startsWith('/')) return value(UNKNOWN)
  return value(constant(`/${source}/${flags}`))
}

/** `path.join(folder, name)`: what comes after a part of ours is not at the root. */
function joinPath(frame: Frame, call: Call): Outcome {
  let labels: Value['labels'] = []
  for (const [index, arg] of call.args.entries()) {
    const isFirst = index === 0 || call.args.slice(0, index).every((one) => isEmptyText(one.value))
    const own = textOf(frame, arg.value)
    labels = joinLabels(labels, clearLabels(own, afterJoining(isFirst || labels.length > 0)))
  }
  const step = { module: call.module, span: call.span, why: `${call.name}()` }
  return value(traced(ofLabels(labels), step))
}

function isEmptyText(part: Value): boolean {
  return part.constants?.length === 1 && part.constants[0] === ''
}

/** Errors, and matching of text. */
export const TEXT_NATIVES: Readonly<Record<string, Native>> = {
  'new-error': newError,
  replace: replaceNative,
  match: matchNative,
  'path-join': joinPath,
  regexp: newRegExp,
  // Its checks are read in call-facts.ts.
  'path-relative': () => undefined,
}
