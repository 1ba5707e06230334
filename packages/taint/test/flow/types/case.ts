import { sink, source } from '../kit.ts'

type Order = 'asc' | 'desc'

interface Page {
  readonly size: number
  readonly order: Order
  readonly text: string
}

export function inert(page: Page, isOpen: boolean): void {
  sink(page.size)
  sink(isOpen)
}

function count(text: string): number {
  return text.length
}

function assertId(text: string): asserts text is 'id' {
  if (text !== 'id') throw new Error('no id')
}

function isOrder(text: string): text is Order {
  return text === 'asc' || text === 'desc'
}

export function checked(): void {
  const text = source()
  sink(count(text))
  if (isOrder(text)) sink(text)
  sink(text) // flags: any
  assertId(text)
  sink(text)
}

export function thrown(): void {
  const text = source()
  if (!isOrder(text)) throw new Error('no order')
  sink(text)
}
