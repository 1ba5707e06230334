import { sink, source } from '../kit.ts'

async function load(): Promise<string> {
  return source()
}

async function fail(): Promise<string> {
  throw new Error(source())
}

export async function content(): Promise<void> {
  sink(await load()) // flags: any
  await load().then((value) => sink(value)) // flags: any
  const [clean, tainted] = await Promise.all([Promise.resolve('safe'), load()])
  sink(clean)
  sink(tainted) // flags: any
}

export async function failure(): Promise<void> {
  try {
    sink((await fail()).length)
  } catch (error) {
    sink(String(error)) // flags: any
  }
  await Promise.resolve('safe').catch((error: unknown) => sink(error))
}
