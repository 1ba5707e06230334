// Why: a client that survives its server's restart is proven by a server that restarts on the ports it had.
import { createServerFolder } from './child.ts'
import type { ServerFolder, ServerProcess } from './child.ts'
import type { RunningServer } from './server.ts'

/** A server that can be ended and started again, with its data and on its ports. */
export interface RestartableServer extends RunningServer {
  /** Ends the process as a crash would; the data stays. */
  kill(): Promise<void>
  /** Starts it again, on the same ports. */
  restart(): Promise<void>
  /** What it has printed since then. */
  readonly printed: () => string
}

/** Starts a server in a folder of its own; `prepare` writes what it needs, `run` starts it, more than once. */
export async function startRestartable(
  name: string,
  ports: Readonly<Record<string, number>>,
  prepare: (folder: ServerFolder) => Promise<void>,
  run: (folder: ServerFolder) => Promise<ServerProcess>,
): Promise<RestartableServer> {
  const folder = await createServerFolder(name)
  try {
    await prepare(folder)
    let process = await run(folder)
    return {
      ports,
      kill: () => process.kill(),
      printed: () => process.printed(),
      restart: async () => void (process = await run(folder)),
      async stop() {
        await process.kill()
        await folder.remove()
      },
    }
  } catch (error) {
    await folder.remove()
    throw error
  }
}
