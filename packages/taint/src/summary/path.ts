import type { Binding } from '../graph/index.ts'

/**
 * Where a value came into a function: an access path from a parameter, the receiver, a captured
 * variable, or the result of a call that only the caller can resolve. Interned, so equality is identity.
 */
export interface Path {
  readonly id: number
  readonly root: Root
  readonly parent: Path | undefined
  readonly field: string
  readonly depth: number
  readonly children: Map<string, Path>
}

type Root =
  | { readonly kind: 'param'; readonly index: number }
  | { readonly kind: 'rest'; readonly from: number }
  | { readonly kind: 'this' }
  | { readonly kind: 'captured'; readonly binding: Binding }
  | { readonly kind: 'result'; readonly call: number }

/** Longer paths are widened: beyond this, whatever lies below counts as one. */
const MAX_PATH = 4

/** Fields of the heap that no program can name. */
export const ELEMENT = '<element>'
export const AWAIT = '<await>'
export const REJECT = '<reject>'
export const KEYS = '<keys>'
export const PROTO = '<proto>'
/** What a request was to the handlers before this one. */
export const EARLIER = '<earlier>'
/** Objects whose every field was copied in. */
export const COPIED = '<copied>'
export const BOX = '<box>'
export const VALUE = '<value>'
/** The last step of a path says how much of the value counts: itself, its text, or all it holds. */
export const SELF = '<self>'
export const TEXT = '<text>'
export const DEEP = '<deep>'
const WIDE = '<wide>'

let lastId = 0
export function nextOrigin(): number {
  lastId += 1
  return lastId
}

const roots: Readonly<Record<Root['kind'], Map<number, Path>>> = {
  param: new Map(),
  rest: new Map(),
  this: new Map(),
  captured: new Map(),
  result: new Map(),
}

function rootPath(key: number, root: Root): Path {
  let path = roots[root.kind].get(key)
  if (path === undefined) {
    path = { id: nextOrigin(), root, parent: undefined, field: '', depth: 0, children: new Map() }
    roots[root.kind].set(key, path)
  }
  return path
}

export const paramPath = (index: number): Path => rootPath(index, { kind: 'param', index })
export const restPath = (from: number): Path => rootPath(from, { kind: 'rest', from })
export const thisPath = (): Path => rootPath(0, { kind: 'this' })
export const capturedPath = (binding: Binding): Path => rootPath(binding.id, { kind: 'captured', binding })
export const resultPath = (call: number): Path => rootPath(call, { kind: 'result', call })

export function childPath(parent: Path, field: string): Path {
  if (parent.field === WIDE && field !== SELF && field !== TEXT && field !== DEEP) return parent
  const step = parent.depth >= MAX_PATH && !field.startsWith('<') ? WIDE : field
  let path = parent.children.get(step)
  if (path === undefined) {
    path = {
      id: nextOrigin(),
      root: parent.root,
      parent,
      field: step,
      depth: parent.depth + 1,
      children: new Map(),
    }
    parent.children.set(step, path)
  }
  return path
}

export function isWide(path: Path): boolean {
  return path.field === WIDE
}
