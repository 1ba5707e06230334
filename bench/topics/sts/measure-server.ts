import { join } from 'node:path'
import { nextMessage, start, stop } from '../../runner/child.ts'
import type { ChildProcess } from 'node:child_process'

const serverProcess = join(import.meta.dirname, 'server-process.ts')
const loadProcess = join(import.meta.dirname, 'load-process.ts')
const warmUpSeconds = 2
const measureSeconds = 3

/** The tokens that a second of the server's own CPU time brings, under load from another process. */
export async function measureServer(name: string, folder: string): Promise<number> {
  const server = start(serverProcess, [name, folder])
  try {
    const url = await nextMessage<string>(server)
    const load = start(loadProcess, [url])
    try {
      await nextMessage(load)
      await askFor(load, warmUpSeconds)
      const beforeUs = await askFor(server, 'cpu')
      const tokens = await askFor(load, measureSeconds)
      return (tokens / ((await askFor(server, 'cpu')) - beforeUs)) * 1e6
    } finally {
      await stop(load)
    }
  } finally {
    await stop(server)
  }
}

async function askFor(child: ChildProcess, question: string | number): Promise<number> {
  child.send(question)
  return nextMessage<number>(child)
}
