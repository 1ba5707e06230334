import type { Binding, ImportTarget } from '../graph/index.ts'
import { memberOf, rowOf } from '../models/index.ts'
import type { Frame } from './frame.ts'
import { stepAt } from './frame.ts'
import { slot, textOf, writeSlot } from './heap-access.ts'
import { BOX } from './path.ts'
import { addSinks } from './sinks.ts'
import { exported } from './typed.ts'
import type { Value } from './value.ts'
import { EMPTY, UNKNOWN, join, ofRefs, sourceLabel } from './value.ts'

/** Reads a variable, wherever it lives. */
export function readBinding(frame: Frame, binding: Binding): Value {
  if (binding.import !== undefined) return readImport(frame, binding, binding.import)
  if (binding.owner === frame.func && !binding.captured && frame.func.parent !== undefined)
    return frame.state.getVar(binding)
  return slot(frame, frame.cell(binding), BOX)
}

export function writeBinding(frame: Frame, binding: Binding, value: Value): void {
  if (binding.owner === frame.func && !binding.captured && frame.func.parent !== undefined)
    frame.state.setVar(binding, value)
  else writeSlot(frame, frame.cell(binding), BOX, value)
  if (
    frame.world.options.strictGlobals &&
    binding.owner.parent === undefined &&
    frame.func.parent !== undefined
  )
    refuseGlobal(frame, binding, value)
  frame.state.dropFacts(factKey(binding))
}

/** The original's rule: module-level variables hold nothing tainted. */
function refuseGlobal(frame: Frame, binding: Binding, value: Value): void {
  const site = {
    module: frame.func.module,
    span: frame.span,
    kind: 'global-variable',
    parameter: binding.name,
    callee: binding.name,
    isParameter: false,
  }
  addSinks(frame, textOf(frame, value), site)
}

export function factKey(binding: Binding): string {
  return `${binding.id};`
}

function readImport(frame: Frame, binding: Binding, target: ImportTarget): Value {
  const { module } = target.from
  if (module === undefined || isModelled(frame, target.from.specifier)) return readPackage(frame, target)
  if (target.name === '*') return ofRefs([frame.world.heap.moduleOf(module)])
  const found = exported(binding)
  if (found !== binding && found.import === undefined) return slot(frame, frame.cell(found), BOX)
  if (found.import !== undefined && found.import.from.module === undefined)
    return readPackage(frame, found.import)
  return readNamespace(frame, target)
}

/** A package with a model is taken at its model's word, even when its source is part of the program. */
function isModelled(frame: Frame, specifier: string): boolean {
  return !specifier.startsWith('.') && frame.world.models.package(specifier) !== undefined
}

/** A name the module does not declare: CommonJS exports, or another module's through `export *`. */
function readNamespace(frame: Frame, target: ImportTarget): Value {
  const { module } = target.from
  if (module === undefined) return UNKNOWN
  if (target.name === '*') return ofRefs([frame.world.heap.moduleOf(module)])
  const obj = frame.world.heap.moduleOf(module)
  const direct = join(slot(frame, obj, target.name), readExports(frame, obj, target.name))
  if (direct !== EMPTY) return direct
  for (const from of module.starExports) {
    const inner = exportedName(frame, { from, name: target.name })
    if (inner !== EMPTY && inner !== UNKNOWN) return inner
  }
  return EMPTY
}

function readExports(frame: Frame, obj: Parameters<typeof slot>[1], name: string): Value {
  const whole = slot(frame, obj, 'module.exports')
  if (name === 'default') return whole
  return whole.refs.reduce((found, one) => join(found, one === obj ? EMPTY : slot(frame, one, name)), EMPTY)
}

/** What a module gives under a name: its own binding, or what it passes on. */
export function exportedName(frame: Frame, target: ImportTarget, depth = 0): Value {
  const { module } = target.from
  if (module === undefined) return readPackage(frame, target)
  if (target.name === '*') return ofRefs([frame.world.heap.moduleOf(module)])
  const entry = module.exports.get(target.name)
  if (entry === undefined) return depth > 8 ? EMPTY : readNamespace(frame, target)
  if ('binding' in entry) return readBinding(frame, entry.binding)
  return 'from' in entry && depth < 8
    ? exportedName(frame, { from: entry.from, name: entry.name }, depth + 1)
    : EMPTY
}

function readPackage(frame: Frame, target: ImportTarget): Value {
  const root = frame.world.models.package(target.from.specifier)
  if (root === undefined) return UNKNOWN
  if (target.name === '*' || target.name === 'default')
    return ofRefs([frame.world.heap.api(root.members.get('default') ?? root)])
  return readModel(frame, root, target.name)
}

/** A global name, or a name imported from a package, as the models know it. */
function readModel(
  frame: Frame,
  root: NonNullable<ReturnType<Frame['world']['models']['package']>>,
  name: string,
): Value {
  const node = memberOf(root, name)
  if (node === undefined) return UNKNOWN
  const found = ofRefs([frame.world.heap.api(node)])
  const source = rowOf(node)?.source
  if (source === undefined) return found
  const at = frame.world.source(source.kind, node.label, stepAt(frame, node.label), false, source.confidence)
  return at === undefined ? found : { ...found, labels: [sourceLabel(at, source.cleared)] }
}

export function readGlobal(frame: Frame, name: string): Value {
  const { heap, models } = frame.world
  const own = heap.moduleOf(frame.func.module)
  if (name === 'module') return ofRefs([heap.at(frame.func.module.id, { kind: 'object' }, true)])
  if (name === 'exports') return join(ofRefs([own]), slot(frame, own, 'module.exports'))
  const root = models.package('global')
  return root === undefined ? UNKNOWN : readModel(frame, root, name)
}
