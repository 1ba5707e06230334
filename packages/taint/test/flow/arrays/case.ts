import { sink, source } from '../kit.ts'

export function positions(): void {
  const list = ['safe', source()]
  sink(list[0])
  sink(list[1]) // flags: any
  for (const item of list) sink(item) // flags: any
}

export function methods(): void {
  const list: string[] = []
  list.push(source())
  sink(list.map((item) => item.trim()).join()) // flags: any
  sink(list.map(() => 'safe').join())
  sink(list.pop()) // flags: any
}
