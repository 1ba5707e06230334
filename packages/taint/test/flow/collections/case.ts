import { sink, source } from '../kit.ts'

export function keys(): void {
  const map = new Map<string, string>()
  map.set('tainted', source())
  map.set('clean', 'safe')
  sink(map.get('tainted')) // flags: any
  sink(map.get('clean'))
  for (const [, value] of map) sink(value) // flags: any
}

export function sets(): void {
  const set = new Set<string>()
  set.add(source())
  for (const value of set) sink(value) // flags: any
}
