import { endOf, readReply } from './reply.ts'
import type { Socket } from 'node:net'
import type { Reply } from './reply.ts'

/** One line to one reply, over a socket that is open. */
export interface Conversation {
  /** What the server says first. */
  greeting(): Promise<Reply>
  /** Says a line, whose reply is one line. */
  say(line: string): Promise<Reply>
  /** Says a line, whose reply goes on to a lone dot where it is good; rejects where it has more bytes. */
  ask(line: string, maxBytes: number): Promise<Reply>
  /** Leaves the socket to somebody else. */
  detach(): void
  destroy(): void
}

/** What stands in a reply beside the content, at most, in bytes: RFC 2449 §4 has 512. */
const lineMaxBytes = 8192

interface Pending {
  /** Absent: one line. */
  readonly maxBytes: number | undefined
  resolve(bytes: Buffer): void
  reject(error: Error): void
}

/** A server that is silent for so long, speaks unasked, or says too much is not spoken to any more. */
export function converse(socket: Socket, timeoutMs: number): Conversation {
  let pending: Pending | undefined
  let gone: Error | undefined
  let received: Buffer[] = []
  let length = 0
  /** The last bytes of what has come. */
  let tail = Buffer.alloc(0)

  const end = (error: Error): void => {
    gone ??= error
    pending?.reject(gone)
    pending = undefined
    received = []
    socket.destroy()
  }
  const take = (chunk: Buffer): void => {
    if (pending === undefined) return end(new Error('the server spoke unasked'))
    received.push(chunk)
    length += chunk.length
    tail = Buffer.concat([tail, chunk.subarray(-tailBytes)]).subarray(-tailBytes)
    if (length > lineMaxBytes + (pending.maxBytes ?? 0)) return end(new RangeError('the reply is too long'))
    const ending = endOf(received[0]?.[0], pending.maxBytes !== undefined)
    if (!tail.subarray(-ending.length).equals(ending)) return
    pending.resolve(Buffer.concat(received))
    pending = undefined
    received = []
    length = 0
    tail = Buffer.alloc(0)
  }
  const close = (): void => end(new Error('the server closed the connection'))
  const silent = (): void => end(new Error('the server does not answer'))
  socket.on('data', take).on('error', end).on('close', close).on('timeout', silent)

  const next = async (maxBytes?: number): Promise<Reply> => {
    if (gone !== undefined) throw gone
    socket.setTimeout(timeoutMs)
    const bytes = await new Promise<Buffer>((resolve, reject) => (pending = { maxBytes, resolve, reject }))
    // A handler may take its time.
    socket.setTimeout(0)
    return readReply(bytes, maxBytes !== undefined)
  }
  const say = (line: string, maxBytes?: number): Promise<Reply> => {
    // A line break would begin another command.
    if (/[\r\n]/.test(line)) return Promise.reject(new TypeError('a command is one line'))
    const reply = next(maxBytes)
    if (gone === undefined) socket.write(`${line}\r\n`)
    return reply
  }
  return {
    greeting: () => next(),
    say: (line) => say(line),
    ask: (line, maxBytes) => say(line, maxBytes),
    detach: () => void socket.off('data', take).off('error', end).off('close', close).off('timeout', silent),
    destroy: () => void socket.destroy(),
  }
}

/** As long as the longest ending. */
const tailBytes = 5
