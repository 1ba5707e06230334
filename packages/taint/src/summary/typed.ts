import type { Binding, LibraryType, TypeRef } from '../graph/index.ts'
import type { Frame } from './frame.ts'
import { isTopLevel } from './frame.ts'
import { slot, writeSlot } from './heap-access.ts'
import type { Obj } from './object.ts'
import { AWAIT, BOX, ELEMENT } from './path.ts'
import type { Value } from './value.ts'
import { join, ofRefs } from './value.ts'

const MAX_TYPE_DEPTH = 3

/** What a written type promises of a value: an object of a library, an instance of a class, a container of them. */
export function typedValue(frame: Frame, type: TypeRef | undefined, depth = 0): Value | undefined {
  if (type === undefined || type.inert || depth > MAX_TYPE_DEPTH) return undefined
  const name = type.path[0]
  if (type.binding !== undefined) return typeOfBinding(frame, type.binding, type.path)
  const argument = type.arguments[0]
  if (name === 'Promise' || name === 'Awaited')
    return container(frame, 'promise', AWAIT, typedValue(frame, argument, depth + 1), type)
  if (name === 'Array' || name === 'ReadonlyArray')
    return container(frame, 'array', ELEMENT, typedValue(frame, argument, depth + 1), type)
  const node = frame.world.models.type('global', type.path)
  return node === undefined ? undefined : ofRefs([frame.world.heap.api(node)])
}

/** What the compiler says a value is, where the way it took told nothing of a library. */
export function withLibraryTypes(
  frame: Frame,
  value: Value,
  types: readonly LibraryType[] | undefined,
): Value {
  if (types === undefined || value.refs.some((obj) => obj.kind === 'api')) return value
  const nodes = types.map((type) => frame.world.models.type(type.package, [type.name]))
  const known = nodes.filter((node) => node !== undefined).map((node) => frame.world.heap.api(node))
  return known.length === 0 ? value : join(value, ofRefs(known))
}

function container(
  frame: Frame,
  kind: 'promise' | 'array',
  field: string,
  inner: Value | undefined,
  type: TypeRef,
): Value | undefined {
  if (inner === undefined) return undefined
  const obj = frame.world.heap.at(identify(type), { kind }, isTopLevel(frame))
  writeSlot(frame, obj, field, inner)
  return ofRefs([obj])
}

const identities = new WeakMap<TypeRef, number>()
let lastIdentity = 0
function identify(type: TypeRef): number {
  let id = identities.get(type)
  if (id === undefined) {
    lastIdentity += 1
    id = lastIdentity / 1_000_000
    identities.set(type, id)
  }
  return id
}

function typeOfBinding(frame: Frame, binding: Binding, path: readonly string[]): Value | undefined {
  const from = binding.import
  if (from !== undefined && from.from.module === undefined) {
    const names = from.name === '*' || from.name === 'default' ? path.slice(1) : [from.name, ...path.slice(1)]
    const node = frame.world.models.type(from.from.specifier, names.length === 0 ? path : names)
    return node === undefined ? undefined : ofRefs([frame.world.heap.api(node)])
  }
  const classes = classObjects(frame, binding)
  const instances = classes.map((obj) =>
    frame.world.heap.at(obj.cls?.id ?? 0, { kind: 'object', cls: obj.cls as NonNullable<Obj['cls']> }, true),
  )
  return instances.length === 0 ? undefined : ofRefs(instances)
}

/** The classes a name stands for, here or in the module it is imported from. */
function classObjects(frame: Frame, binding: Binding): readonly Obj[] {
  const target = exported(binding)
  if (target.owner.parent !== undefined) return []
  return slot(frame, frame.world.heap.box(target), BOX).refs.filter((obj) => obj.kind === 'class')
}

const MAX_REEXPORTS = 8

/** Follows imports and re-exports to the binding that is exported. */
export function exported(binding: Binding): Binding {
  let at = binding
  for (let hops = 0; hops < MAX_REEXPORTS; hops += 1) {
    const module = at.import?.from.module
    if (module === undefined || at.import === undefined) return at
    const target = module.exports.get(at.import.name)
    if (target === undefined) return at
    if ('binding' in target) at = target.binding
    else if ('from' in target) at = { ...at, import: { from: target.from, name: target.name } }
    else return at
  }
  return at
}
