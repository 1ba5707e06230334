import { source } from '../kit.ts'

type Tree = Record<string, Record<string, string>>
const actions: Record<string, () => void> = { go: () => {} }

export function write(tree: Tree): void {
  const key = source()
  tree[key]!['name'] = 'x' // flags: prototype-key
  tree[`user:${key}`]!['name'] = 'x'
  if (key !== '__proto__') tree[key]!['name'] = 'x'
}

export function call(): void {
  const name = source()
  actions[name]?.() // flags: dispatch
  actions[`on-${name}`]?.()
}
