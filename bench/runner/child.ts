import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { ChildProcess } from 'node:child_process'

/** No process of a benchmark lives longer, in milliseconds. */
const processMaxMs = 120_000

/** Starts a file of ours in a process of its own, with packages resolved to their sources. */
export function start(file: string, args: readonly string[], execArgv: readonly string[] = []): ChildProcess {
  const child = fork(file, args, {
    execArgv: ['--conditions=@barre/source', '--disable-warning=ExperimentalWarning', ...execArgv],
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), processMaxMs)
  child.once('exit', () => clearTimeout(timer))
  return child
}

/** The next message of a child; rejects when it ends without one. */
export async function nextMessage<T>(child: ChildProcess): Promise<T> {
  const ended = new AbortController()
  try {
    return await Promise.race([
      once(child, 'message', { signal: ended.signal }).then(([message]) => message as T),
      once(child, 'exit', { signal: ended.signal }).then(([code]) => {
        throw new Error(`the process ended with code ${String(code)} and without a figure`)
      }),
    ])
  } finally {
    ended.abort()
  }
}

/** Runs a file to its end and answers with the one message that it sends. */
export async function ask<T>(
  file: string,
  args: readonly string[],
  execArgv: readonly string[] = [],
): Promise<T> {
  const child = start(file, args, execArgv)
  const exited = once(child, 'exit')
  const message = await nextMessage<T>(child)
  await exited
  return message
}

/** Ends a process that would go on, and waits for its end. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill()
  await exited
}
