import { condition, sink, source } from '../kit.ts'

export function strongUpdate(): void {
  let value = source()
  sink(value) // flags: any
  value = 'safe'
  sink(value)
}

export function eitherBranch(): void {
  let value = 'safe'
  if (condition()) value = source()
  sink(value) // flags: any
}

export function compound(): void {
  let text = 'a'
  text += source()
  sink(text) // flags: any
  sink(`safe ${text}`) // flags: any
  sink(text.length)
}
