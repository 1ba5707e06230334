import { sink, source } from '../kit.ts'

export function written(): void {
  let captured = 'safe'
  const set = (value: string): void => {
    captured = value
  }
  set(source())
  sink(captured) // flags: any
}

function later(value: string): () => string {
  return () => value
}

export function returned(): void {
  sink(later(source())()) // flags: any
  sink(later('safe')())
}
