import type { WebSocket } from 'ws'

/** Takes each message before its listeners. Wrapping `emit` is the one way that no listener gets it first. */
export function gateMessages(socket: WebSocket, lets: (message: Buffer, isBinary: boolean) => boolean): void {
  const emit = socket.emit.bind(socket) as (event: string | symbol, ...args: unknown[]) => boolean
  socket.emit = (event: string | symbol, ...args: unknown[]): boolean => {
    if (event !== 'message') return emit(event, ...args)
    return lets(toBuffer(args[0]), args[1] === true) && emit(event, ...args)
  }
}

/** A message as `ws` gives it: one Buffer, or after the handler set `binaryType` another form. */
function toBuffer(data: unknown): Buffer {
  if (Buffer.isBuffer(data)) return data
  if (data instanceof ArrayBuffer) return Buffer.from(data)
  // A Blob cannot be read now; as an empty message it has no type.
  return Buffer.concat(Array.isArray(data) ? (data as Buffer[]) : [])
}
