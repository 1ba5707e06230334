// The load of messages: on twenty open connections, each message when the one before was answered.
import { once } from 'node:events'
import type { WebSocket } from 'ws'
import { load, parallel } from './load.ts'

const message = JSON.stringify({ type: 'watch', order: '1234', since: '2026-01-01T00:00:00Z' })

await load(async (open) => {
  const sockets = await Promise.all(Array.from({ length: parallel }, open))
  return sockets.map((socket) => (isOver) => converse(socket, isOver))
})

async function converse(socket: WebSocket, isOver: () => boolean): Promise<number> {
  let answered = 0
  while (!isOver()) {
    socket.send(message)
    await once(socket, 'message')
    answered++
  }
  return answered
}
