import type { ClassIr, Expr, Func, Module } from './graph/index.ts'

/** How deep an exported object is looked through for functions. */
const MAX_OBJECT_DEPTH = 4

/** Functions that other programs can call: exports, their classes' methods, and what CommonJS assigns. */
export function exportedFunctions(modules: readonly Module[]): Set<Func> {
  const found = new Set<Func>()
  for (const module of modules) new Exports(module, found).collect()
  return found
}

class Exports {
  readonly #module: Module
  readonly #found: Set<Func>
  readonly #prototypes = new Map<Func, Expr[]>()

  constructor(module: Module, found: Set<Func>) {
    this.#module = module
    this.#found = found
  }

  collect(): void {
    const assigned = this.#assignments()
    for (const target of this.#module.exports.values())
      if ('binding' in target) this.#addFixed(target.binding.fixed)
    for (const value of assigned) this.#add(value, 0)
  }

  /** What is assigned to `module.exports`, `exports.x` or `global.x`; notes methods put on prototypes. */
  #assignments(): Expr[] {
    const values: Expr[] = []
    for (const stmt of this.#module.init.body) {
      if (stmt.k !== 'expr' || stmt.value.k !== 'assign' || stmt.value.target.k !== 'place') continue
      const { place } = stmt.value.target
      const owner = prototypeOwner(place)
      if (owner !== undefined)
        this.#prototypes.set(owner, [...(this.#prototypes.get(owner) ?? []), stmt.value.value])
      else if (isExportPlace(place)) values.push(stmt.value.value)
    }
    return values
  }

  #add(value: Expr, depth: number): void {
    if (value.k === 'function') this.#addFunction(value.func)
    else if (value.k === 'class') this.#addClass(value.cls)
    else if (value.k === 'name') this.#addFixed(value.binding.fixed)
    else if (value.k === 'call' && value.isNew) this.#addInstance(value.callee)
    else if (value.k === 'object' && depth < MAX_OBJECT_DEPTH)
      for (const member of value.members) this.#add(member.value, depth + 1)
  }

  /** What is exported made cannot be made again by others: they call its methods. */
  #addInstance(callee: Expr): void {
    const made = callee.k === 'name' ? callee.binding.fixed : callee.k === 'class' ? callee.cls : undefined
    if (made === undefined) return
    if ('params' in made) for (const method of this.#prototypes.get(made) ?? []) this.#add(method, 0)
    else this.#addMethods(made, false)
  }

  #addFixed(fixed: Func | ClassIr | undefined): void {
    if (fixed === undefined) return
    if ('params' in fixed) this.#addFunction(fixed)
    else this.#addClass(fixed)
  }

  #addFunction(func: Func): void {
    if (this.#found.has(func)) return
    this.#found.add(func)
    for (const method of this.#prototypes.get(func) ?? []) this.#add(method, 0)
  }

  #addClass(cls: ClassIr): void {
    if (cls.construct !== undefined) this.#addFunction(cls.construct)
    this.#addMethods(cls, true)
  }

  #addMethods(cls: ClassIr, withStatic: boolean): void {
    for (const { kind, key, isStatic, value } of cls.members) {
      const isPublic = typeof key !== 'string' || !key.startsWith('#')
      if (kind === 'method' && isPublic && value !== undefined && (withStatic || !isStatic))
        this.#add(value, 0)
    }
  }
}

/** `F` of `F.prototype.m`. */
function prototypeOwner(place: Expr): Func | undefined {
  if (place.k !== 'member' || place.object.k !== 'member' || place.object.key !== 'prototype')
    return undefined
  const { object } = place.object
  const fixed = object.k === 'name' ? object.binding.fixed : undefined
  return fixed !== undefined && 'params' in fixed ? fixed : undefined
}

const EXPORT_ROOTS: ReadonlySet<string> = new Set(['module', 'exports', 'global', 'globalThis'])

function isExportPlace(place: Expr): boolean {
  let at = place
  while (at.k === 'member') at = at.object
  return at !== place && at.k === 'global' && EXPORT_ROOTS.has(at.name)
}
