import { nextMessage, start, stop } from '../../runner/child.ts'
import type { ChildProcess } from 'node:child_process'
import type { Service } from './servers/service.ts'

/** The programs of a wire: one serves what it is told, the other calls it. */
export interface Processes {
  readonly server: string
  readonly load: string
}

/** Until what a service runs has been compiled: by then nothing is compiled beside the calls that are measured. */
const warmUpSeconds = 6
/** How often, and for how long each time, the service is measured. */
const windows = 5
const windowSeconds = 1

/**
 * The calls that a second of the server's own CPU time serves, under load from another process. Unlike calls per
 * second of the clock on the wall it does not change with what else the machine does, nor does the speed of the
 * load generator bound it. The best of a few windows counts: what else uses the core and its caches only takes away.
 */
export async function measureService(
  { name, isOpen = false }: Pick<Service, 'name' | 'isOpen'>,
  file: string,
  processes: Processes,
): Promise<number> {
  const server = start(processes.server, [name, file])
  try {
    // A port, or a whole address.
    const place = await nextMessage<number | string>(server)
    const load = start(processes.load, [file, String(place), isOpen ? 'open' : 'guarded'])
    try {
      await nextMessage(load)
      await askFor(load, warmUpSeconds)
      let best = 0
      for (let window = 0; window < windows; window++) {
        const beforeUs = await askFor(server, 'cpu')
        const calls = await askFor(load, windowSeconds)
        best = Math.max(best, (calls / ((await askFor(server, 'cpu')) - beforeUs)) * 1e6)
      }
      return best
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
