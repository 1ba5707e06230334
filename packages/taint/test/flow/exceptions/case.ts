import { sink, source } from '../kit.ts'

function fail(message: string): never {
  throw new Error(message)
}

export function caught(): void {
  try {
    fail(source())
  } catch (error) {
    sink((error as Error).message) // flags: any
  }
  try {
    fail('safe')
  } catch (error) {
    sink((error as Error).message)
  }
}
