import { nextMessage, start, stop } from './child.ts'
import type { ChildProcess } from 'node:child_process'

const warmUpSeconds = 2
const measureSeconds = 3

/** A file that runs in a process of its own, and its arguments. */
export interface Program {
  readonly file: string
  readonly args: readonly string[]
}

/**
 * The calls that a second of the server's own CPU time serves, under load from another process. Unlike calls per
 * second of the clock on the wall it does not change with what else the machine does, nor does the speed of the
 * load generator bound it. The server sends where it is, then its CPU time whenever it is asked; the load is started
 * with what the server sent, and answers a number of seconds with the number of calls.
 */
export async function measureServer(server: Program, toLoad: (place: string) => Program): Promise<number> {
  const serving = start(server.file, server.args)
  try {
    const load = toLoad(String(await nextMessage<unknown>(serving)))
    const loading = start(load.file, load.args)
    try {
      await nextMessage(loading)
      await askFor(loading, warmUpSeconds)
      const beforeUs = await askFor(serving, 'cpu')
      const calls = await askFor(loading, measureSeconds)
      return (calls / ((await askFor(serving, 'cpu')) - beforeUs)) * 1e6
    } finally {
      await stop(loading)
    }
  } finally {
    await stop(serving)
  }
}

async function askFor(child: ChildProcess, question: string | number): Promise<number> {
  child.send(question)
  return nextMessage<number>(child)
}
