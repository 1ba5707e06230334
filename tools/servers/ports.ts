// Why: test files run side by side. Of a port that was free a moment ago two of them may think so, or the system hands
// it to a third that asks for any.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

/** Below those that systems hand out by themselves. */
const first = 20_000
const count = 12_000

/** A file for each port that a process has claimed: `port.pid`. */
const folder = join(tmpdir(), `barre-ports-${userInfo().username}`)
const own = new Set<number>()
let next = (process.pid * 101) % count

/** As many ports of the loopback interface as asked for: free, and this process's own until it ends. */
export async function freePorts(wanted: number): Promise<readonly number[]> {
  const ports: number[] = []
  for (let tries = 0; ports.length < wanted && tries < count; tries += 1) {
    const port = first + next
    next = (next + 1) % count
    if (claim(port) && (await isFree(port))) ports.push(port)
  }
  if (ports.length < wanted) throw new Error(`no ${wanted} ports are free from ${first} on`)
  return ports
}

/** Two that claim a port at once see each other, and both take another. */
function claim(port: number): boolean {
  if (own.has(port)) return false
  if (own.size === 0) {
    mkdirSync(folder, { recursive: true })
    process.once('exit', release)
  }
  own.add(port)
  writeFileSync(fileOf(port, process.pid), '')
  return !isClaimedElsewhere(port)
}

function isClaimedElsewhere(port: number): boolean {
  const names = readdirSync(folder).filter((name) => name.startsWith(`${port}.`))
  const pids = names.map((name) => Number(name.split('.')[1])).filter((pid) => pid !== process.pid)
  // A process that was killed has left its claims.
  for (const pid of pids) if (!isRunning(pid)) rmSync(fileOf(port, pid), { force: true })
  return pids.some(isRunning)
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function release(): void {
  for (const port of own) rmSync(fileOf(port, process.pid), { force: true })
}

function fileOf(port: number, pid: number): string {
  return join(folder, `${port}.${pid}`)
}

function isFree(port: number): Promise<boolean> {
  const listener = createServer()
  return new Promise((resolve) => {
    listener.once('error', () => resolve(false))
    listener.listen(port, '127.0.0.1', () => listener.close(() => resolve(true)))
  })
}
