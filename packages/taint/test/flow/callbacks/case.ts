import { sink, source } from '../kit.ts'

function forward(value: string, callback: (value: string) => void): void {
  callback(value)
}

function twice(value: string, callback: (value: string) => void): void {
  forward(value, callback)
  forward(value, callback)
}

export function contexts(): void {
  twice(source(), (value) => sink(value)) // flags: any
  twice('safe', (value) => sink(value))
}

export function bound(): void {
  const show = (_first: string, second: string): void => sink(second) // flags: any
  const showLast = show.bind(undefined, 'safe')
  showLast(source())
}
