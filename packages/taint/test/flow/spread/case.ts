import { sink, source } from '../kit.ts'

function second(_first: string, value: string, ...rest: string[]): void {
  sink(value) // flags: any
  sink(rest[0])
}

export function args(): void {
  const list = ['safe', source(), 'safe'] as const
  second(...list)
}

export function objects(): void {
  const copy = { ...{ field: source() }, other: 'safe' }
  sink(copy.field) // flags: any
  sink(copy.other)
}
