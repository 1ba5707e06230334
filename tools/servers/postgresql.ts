// Why: what a database does with concurrent transactions, and after a crash, only the database itself can say.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createServerFolder, freePorts, runProgram, startProcess } from './child.ts'
import type { ServerProcess } from './child.ts'
import type { RealServer, RunningServer } from './server.ts'

/** A database server for one test; `postgres` may do all in its database `postgres`, without a password. */
export interface RunningPostgresql extends RunningServer {
  readonly ports: { readonly postgresql: number }
  /** Ends the process as a crash would; the data stays. */
  kill(): Promise<void>
  /** Starts it again, on the same port. */
  restart(): Promise<void>
}

/** Debian keeps the programs of each version out of PATH. */
const versionsFolder = '/usr/lib/postgresql'

export const postgresql: RealServer<object, RunningPostgresql> = {
  name: 'PostgreSQL',
  packages: ['postgresql'],
  program: 'pg_ctlcluster',
  async start() {
    const folder = await createServerFolder('postgresql')
    const data = join(folder.path, 'data')
    const [port = 0] = await freePorts(1)
    runProgram(programOf('initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'])
    const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder.path}`]
    const args = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])]
    const run = async (): Promise<ServerProcess> => {
      const process = await startProcess(programOf('postgres'), args, [port])
      await untilReady(port)
      return process
    }
    let process = await run()
    return {
      ports: { postgresql: port },
      kill: () => process.kill(),
      restart: async () => void (process = await run()),
      async stop() {
        await process.end()
        await folder.remove()
      },
    }
  },
}

/** How often it is asked whether it has recovered, 10 ms apart. */
const questionsMax = 1000

/** The port answers before the data base does: after a crash it recovers first. */
async function untilReady(port: number): Promise<void> {
  for (let count = 1; !isReady(port); count++) {
    if (count === questionsMax) throw new Error('PostgreSQL does not become ready')
    await delay(10)
  }
}

function isReady(port: number): boolean {
  const question = ['-q', '-h', '127.0.0.1', '-p', String(port)]
  return spawnSync(programOf('pg_isready'), question, { stdio: 'ignore' }).status === 0
}

function programOf(name: string): string {
  const newest = readdirSync(versionsFolder).toSorted((one, other) => Number(other) - Number(one))[0] ?? ''
  return join(versionsFolder, newest, 'bin', name)
}
