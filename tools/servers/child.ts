// Why: every real server is started, awaited and stopped the same way, and none runs as root.
import { execFileSync, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { findProgram } from './server.ts'

export { freePorts } from './ports.ts'

/** The system user that servers run as when the tests run as root. */
const account = 'barre-test'

/** How long a server may take to answer, and to end, in milliseconds. */
const startMaxMs = 60_000
const stopMaxMs = 5_000
/** How much of what a program prints is kept, and how much of that an error tells, in characters. */
const printedMax = 1_000_000
const reportedMax = 4_000

interface Identity {
  readonly uid: number
  readonly gid: number
}

/** The user that servers run as, for those that know users of the machine. */
export function serverUser(): Identity & { readonly name: string; readonly group: string } {
  const identity = findIdentity()
  if (identity !== undefined) return { ...identity, name: account, group: account }
  const { uid, gid, username } = userInfo()
  const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim()
  return { uid, gid, name: username, group }
}

/** Who a server runs as: the account as root, else whoever runs the tests. */
function findIdentity(): Identity | undefined {
  if (process.getuid?.() !== 0) return undefined
  try {
    return readIdentity()
  } catch {
    execFileSync('/usr/sbin/useradd', ['--system', '--user-group', '--no-create-home', account])
    return readIdentity()
  }
}

function readIdentity(): Identity {
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    Number(execFileSync('id', [flag, account], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })),
  )
  return { uid: uid ?? 0, gid: gid ?? 0 }
}

/** The name of who a server runs as, for a configuration that must say it. */
export function accountName(): string {
  return findIdentity() === undefined ? userInfo().username : account
}

/** Runs a program as the servers' account, to its end; throws with what it printed where it fails. */
export function runProgram(program: string, args: readonly string[]): void {
  execFileSync(findProgram(program) ?? program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: tmpdir(),
    ...findIdentity(),
  })
}

/** A folder for one server, which only it and we can read. */
export interface ServerFolder {
  readonly path: string
  /** Gives what was written there since to the server's account. */
  readonly own: (...names: readonly string[]) => Promise<void>
  /** Gives all that is in it to that account. */
  ownAll(): Promise<void>
  remove(): Promise<void>
}

export async function createServerFolder(name: string): Promise<ServerFolder> {
  const path = await mkdtemp(join(tmpdir(), `barre-${name}-`))
  const identity = findIdentity()
  const give = async (file: string): Promise<void> => {
    if (identity !== undefined) await chown(file, identity.uid, identity.gid)
  }
  await give(path)
  return {
    path,
    own: async (...names) => void (await Promise.all(names.map(async (file) => give(join(path, file))))),
    async ownAll() {
      if (identity !== undefined) execFileSync('chown', ['-R', `${identity.uid}:${identity.gid}`, path])
    },
    remove: () => rm(path, { recursive: true, force: true }),
  }
}

/** A server's process. */
export interface ServerProcess {
  /** What it has printed, as far as that is kept. */
  printed(): string
  /** Ends it as its own package would, at the latest by force. */
  end(): Promise<void>
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>
  /** What it reads from its descriptor 3, and what it writes to 4, where `hasPipes` asked for them. */
  readonly pipes: readonly [Writable, Readable] | undefined
}

/** How a program is started, where it is not as every other. */
interface StartOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** How long it may take to answer, in milliseconds. */
  readonly maxMs?: number
  readonly hasPipes?: boolean
  /** What it prints once it is ready, where its ports answer before. */
  readonly says?: string
}

/** Starts a program as the servers' account; resolves once every port answers, rejects with what it printed. */
export async function startProcess(
  program: string,
  args: readonly string[],
  ports: readonly number[],
  options: StartOptions = {},
): Promise<ServerProcess> {
  const child = spawn(findProgram(program) ?? program, args, {
    stdio: ['ignore', 'pipe', 'pipe', ...(options.hasPipes === true ? (['pipe', 'pipe'] as const) : [])],
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    ...findIdentity(),
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => (printed = `${printed}${chunk.toString()}`.slice(-printedMax)))
  }
  const gone = new Promise<void>((resolve) =>
    child.once('close', () => resolve()).once('error', () => resolve()),
  )
  const send = (signal: NodeJS.Signals): void => {
    // Some leave connections to processes of their own, which need not end with the one that we began.
    for (const pid of descendants(child.pid)) signalTo(pid, signal)
    child.kill(signal)
  }
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    send(signal)
    const timer = setTimeout(() => send('SIGKILL'), stopMaxMs)
    await gone
    clearTimeout(timer)
  }
  try {
    const deadline = Date.now() + (options.maxMs ?? startMaxMs)
    for (const port of ports) {
      await waitFor(() => accepts(port), `nothing answers on port ${port}`, child, deadline)
    }
    const { says } = options
    if (says !== undefined) {
      await waitFor(async () => printed.includes(says), `it does not say "${says}"`, child, deadline)
    }
  } catch (error) {
    await stop('SIGKILL')
    throw new Error(`${program} did not start: ${printed.slice(-reportedMax)}`, { cause: error })
  }
  const [, , , input, output] = child.stdio
  const pipes = input && output ? ([input as Writable, output as Readable] as const) : undefined
  return { printed: () => printed, end: () => stop('SIGTERM'), kill: () => stop('SIGKILL'), pipes }
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended by itself.
  }
}

/** The processes that a process has begun, and those of theirs; none where the machine does not tell. */
function descendants(pid: number | undefined): readonly number[] {
  if (pid === undefined) return []
  const parents = new Map(listProcesses().map((other) => [other, parentOf(other)]))
  const below = (one: number): readonly number[] =>
    [...parents].flatMap(([other, parent]) => (parent === one ? [other, ...below(other)] : []))
  return below(pid)
}

function listProcesses(): readonly number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}

function parentOf(pid: number): number | undefined {
  try {
    // After the name of the program, which may hold anything: state, parent.
    return Number(/^.*\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1])
  } catch {
    return undefined
  }
}

async function waitFor(
  isThere: () => Promise<boolean>,
  problem: string,
  child: ChildProcess,
  deadline: number,
): Promise<void> {
  while (!(await isThere())) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('it ended')
    if (Date.now() > deadline) throw new Error(problem)
    await delay(10)
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
