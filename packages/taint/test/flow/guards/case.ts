import { condition, sink, source } from '../kit.ts'

const allowed = ['name', 'age']

export function lists(): void {
  const column = source()
  if (allowed.includes(column)) sink(column)
  else sink(column) // flags: any
  if (allowed.indexOf(column) === -1) return
  sink(column)
}

export function patterns(): void {
  const id = source()
  if (/^[a-z0-9]+$/.test(id)) sink(id)
  if (/^[^;]+$/.test(id)) sink(id) // flags: any
}

function isColumn(text: string): boolean {
  return text === 'name' || text === 'age'
}

export function functions(): void {
  const column = source()
  if (condition() && isColumn(column)) sink(column)
  if (condition() || isColumn(column)) sink(column) // flags: any
}

export function types(value: number | string): void {
  const text: unknown = source()
  if (typeof text === 'number') sink(text)
  if (typeof text === 'string') sink(text) // flags: any
  sink(Number(source()) + Number(value))
}
