import type { Binding, ClassIr, Func, Module } from '../graph/index.ts'
import type { ApiNode } from '../models/index.ts'
import type { Path } from './path.ts'

export type ObjKind =
  | 'object'
  | 'array'
  | 'map'
  | 'promise'
  | 'function'
  | 'class'
  | 'symbolic'
  | 'box'
  | 'api'
  | 'bound'
  | 'generator'
  | 'error'
  | 'module'
  | 'resolver'

/** An object of the abstract heap: one allocation site, seen through the calls that led to it. */
export interface Obj {
  readonly id: number
  readonly kind: ObjKind
  readonly func?: Func
  readonly cls?: ClassIr
  readonly path?: Path
  readonly api?: ApiNode
  readonly module?: Module
  readonly binding?: Binding
  /** Lives as long as the program: module-level objects. */
  readonly isGlobal: boolean
  /** How many calls deep it was allocated; bounded, so that recursion makes finitely many. */
  readonly depth: number
  readonly site: number
}

const MAX_OBJECT_DEPTH = 3

export type ObjShape = Omit<Obj, 'id' | 'isGlobal' | 'depth' | 'site'>

/** Interns every abstract object of one analysis. */
export class Heap {
  readonly #objects = new Map<string, Obj>()
  readonly #unique = new Map<object | number, Obj>()
  /** Objects of callees as their callers see them, by call: what `through` has answered before. */
  readonly #shared = new Map<number, Map<Obj, Obj>>()
  readonly #local = new Map<number, Map<Obj, Obj>>()
  #lastId = 0

  /** The object allocated at `site`. */
  at(site: number, shape: ObjShape, isGlobal = false): Obj {
    return this.#intern(`${shape.kind}:${site}`, { ...shape, isGlobal, depth: 0, site })
  }

  symbolic(path: Path): Obj {
    return this.#once(path, () => ({ kind: 'symbolic', path, isGlobal: false, depth: 0, site: path.id }))
  }

  box(binding: Binding): Obj {
    const isGlobal = binding.owner.parent === undefined
    return this.#once(binding.id, () => ({ kind: 'box', binding, isGlobal, depth: 0, site: binding.id }))
  }

  api(node: ApiNode): Obj {
    return this.#once(node, () => ({ kind: 'api', api: node, isGlobal: true, depth: 0, site: node.id }))
  }

  moduleOf(module: Module): Obj {
    return this.#once(module, () => ({ kind: 'module', module, isGlobal: true, depth: 0, site: module.id }))
  }

  /** What a callee's own object becomes for the caller at `call`; one per call until the nesting is too deep. */
  through(call: number, template: Obj, isGlobal: boolean): Obj {
    const seen = isGlobal ? this.#shared : this.#local
    let twins = seen.get(call)
    if (twins === undefined) {
      twins = new Map()
      seen.set(call, twins)
    }
    let twin = twins.get(template)
    if (twin === undefined) {
      twin = this.#twin(call, template, isGlobal)
      twins.set(template, twin)
    }
    return twin
  }

  #twin(call: number, template: Obj, isGlobal: boolean): Obj {
    const { id, ...shape } = template
    const deep = template.depth >= MAX_OBJECT_DEPTH
    const key = deep ? `d:${template.kind}:${template.site}:${isGlobal}` : `t:${call}:${id}:${isGlobal}`
    return this.#intern(key, { ...shape, isGlobal, depth: deep ? template.depth : template.depth + 1 })
  }

  /** The program-wide twin of an object stored where it outlives its function. */
  lasting(template: Obj): Obj {
    if (template.isGlobal) return template
    const { id, ...shape } = template
    return this.#intern(`g:${id}`, { ...shape, isGlobal: true })
  }

  /** The one object that stands for a path, a variable, a library's member, a module. */
  #once(key: object | number, shape: () => Omit<Obj, 'id'>): Obj {
    let found = this.#unique.get(key)
    if (found === undefined) {
      this.#lastId += 1
      found = { id: this.#lastId, ...shape() }
      this.#unique.set(key, found)
    }
    return found
  }

  #intern(key: string, shape: Omit<Obj, 'id'>): Obj {
    let found = this.#objects.get(key)
    if (found === undefined) {
      this.#lastId += 1
      found = { id: this.#lastId, ...shape }
      this.#objects.set(key, found)
    }
    return found
  }

  get size(): number {
    return this.#lastId
  }
}
