import { once } from 'node:events'
import { ConfigError } from 'barre/core'
import { Failure } from './verb.ts'
import type { Log } from 'barre/core'
import type { Io } from './verb.ts'

/** Anything that listens until it is closed. */
interface Running {
  readonly url: string
  close(): Promise<void>
}

/** Runs a server until SIGINT or SIGTERM, and then ends it gracefully; a second signal ends the process at once. */
export async function serve(io: Io, name: string, start: (log: Log) => Promise<Running>): Promise<number> {
  // Heard from the start on: a signal that comes while the server opens must not be lost.
  const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  const running = await start(jsonLog(io)).catch((error: unknown) => {
    throw isExpected(error) ? new Failure(error.message, { cause: error }) : error
  })
  io.stdout.write(`${name} listens at ${running.url}\n`)
  await stopped
  await running.close()
  return 0
}

/** A wrong configuration, or a port that cannot be had: one line, not a stack. */
function isExpected(error: unknown): error is Error {
  return error instanceof ConfigError || (error instanceof Error && 'syscall' in error)
}

/** One JSON object a line, as log collectors read it. */
export function jsonLog({ stderr }: Io): Log {
  const write =
    (level: string) =>
    (fields: object, message: string): void => {
      const line = { time: new Date().toISOString(), level, message, ...fields }
      stderr.write(`${JSON.stringify(line, errorsAsText)}\n`)
    }
  return { debug: () => undefined, info: write('info'), warn: write('warn'), error: write('error') }
}

function errorsAsText(_name: string, value: unknown): unknown {
  return value instanceof Error ? `${value.name}: ${value.message}` : value
}
