import { sink, source } from '../kit.ts'

function* values(): Generator<string> {
  yield source()
}

function* inner(): Generator<string> {
  yield* values()
}

export function loops(): void {
  for (const value of inner()) sink(value) // flags: any
  sink([...values()]) // flags: any
}
