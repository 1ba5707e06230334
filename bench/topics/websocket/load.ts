import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { WebSocket } from 'ws'
import { awake } from '../../runner/awake.ts'
import type { Issued } from '../jwt/tokens.ts'

/** How many connections there are at once. */
export const parallel = 20

/** Does one piece of work after the other until it is told that the time is over; answers with how many. */
export type Worker = (isOver: () => boolean) => Promise<number>

/** How a load opens its connections: with the next token in turn. */
export type Open = () => Promise<WebSocket>

/**
 * The work of a load's process: proves that the guard guards, then has its workers work; asked for a number of seconds,
 * it answers with what they got done.
 */
export async function load(toWorkers: (open: Open) => Promise<readonly Worker[]>): Promise<void> {
  const [file = '', port, guarded] = process.argv.slice(2)
  const url = `ws://127.0.0.1:${port}/live`
  const issued = JSON.parse(readFileSync(file, 'utf8')) as Issued
  if (guarded === 'guarded') await assertGuards(url, issued)
  let next = 0
  const workers = await toWorkers(() => open(url, issued.tokens[next++ % issued.tokens.length]))
  process.send?.('ready')
  process.on('message', (seconds) => void work(workers, Number(seconds)))
}

async function work(workers: readonly Worker[], seconds: number): Promise<void> {
  const endMs = performance.now() + seconds * 1000
  const isOver = (): boolean => performance.now() >= endMs
  const done = await awake(Promise.all(workers.map((worker) => worker(isOver))))
  process.send?.(done.reduce((sum, count) => sum + count, 0))
}

async function open(url: string, token: string | undefined): Promise<WebSocket> {
  const socket = new WebSocket(url, {
    perMessageDeflate: false,
    ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
  })
  await once(socket, 'open')
  return socket
}

/** Closes a connection as RFC 6455 says, and waits for its end. */
export async function close(socket: WebSocket): Promise<void> {
  const closed = once(socket, 'close')
  socket.close()
  await closed
}

async function assertGuards(url: string, { tokens, refused }: Issued): Promise<void> {
  if (await opens(url, undefined)) throw new Error('opens a connection without a token')
  for (const [reason, token] of Object.entries(refused)) {
    if (await opens(url, token)) throw new Error(`opens a connection with ${reason}`)
  }
  if (!(await opens(url, tokens[0]))) throw new Error('refuses a good token')
}

async function opens(url: string, token: string | undefined): Promise<boolean> {
  const socket = await open(url, token).catch(() => undefined)
  if (socket !== undefined) await close(socket)
  return socket !== undefined
}
