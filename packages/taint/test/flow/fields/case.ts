import { sink, source } from '../kit.ts'

export function literal(): void {
  const record = { name: source(), other: 'safe' }
  sink(record.name) // flags: any
  sink(record.other)
  const { name, ...rest } = record
  sink(name) // flags: any
  sink(rest.other)
}

function store(target: { field: string }, value: string): void {
  target.field = value
}

export function throughCallee(): void {
  const target = { field: '', kept: 'safe' }
  store(target, source())
  sink(target.field) // flags: any
  sink(target.kept)
}

export function alias(): void {
  const first = { field: '' }
  const second = first
  second.field = source()
  sink(first.field) // flags: any
}
