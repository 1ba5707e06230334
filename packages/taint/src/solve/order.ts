import type { Func, Module } from '../graph/index.ts'

/** Modules after those they import, as they run. */
export function moduleOrder(modules: readonly Module[]): Module[] {
  const known = new Set(modules)
  return depthFirst(modules, (module) => importsOf(module).filter((one) => known.has(one)))
}

function importsOf(module: Module): Module[] {
  const found: Module[] = []
  for (const from of module.imports) if (from.module !== undefined) found.push(from.module)
  return found
}

/** Functions after those they call by name. */
export function callOrder(funcs: readonly Func[]): Func[] {
  return depthFirst(funcs, (func) => func.refers)
}

/** Depth-first post-order without recursion: call chains may be longer than the stack. */
function depthFirst<T>(nodes: readonly T[], next: (node: T) => Iterable<T>): T[] {
  const order: T[] = []
  const seen = new Set<T>()
  for (const start of nodes) {
    if (seen.has(start)) continue
    seen.add(start)
    const stack: { node: T; rest: Iterator<T> }[] = [{ node: start, rest: next(start)[Symbol.iterator]() }]
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const { done, value } = top.rest.next()
      if (done === true) {
        order.push(top.node)
        stack.pop()
      } else if (!seen.has(value)) {
        seen.add(value)
        stack.push({ node: value, rest: next(value)[Symbol.iterator]() })
      }
    }
  }
  return order
}
