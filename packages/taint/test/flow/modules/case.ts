import { sink } from '../kit.ts'
import { renamed, same, settings } from './barrel.ts'
import * as names from './names.ts'

export function imported(): void {
  sink(settings.tainted) // flags: any
  sink(settings.clean)
  sink(same(renamed())) // flags: any
  sink(same('safe'))
  sink(names.settings.tainted) // flags: any
}
