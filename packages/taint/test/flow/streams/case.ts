import { EventEmitter } from 'node:events'
import { createServer } from 'node:http'
import { promisify } from 'node:util'
import { condition, sink, source } from '../kit.ts'

createServer((request) => {
  request.on('data', (chunk: Buffer) => sink(chunk.toString())) // flags: any
  request.on('end', () => sink('done'))
})

createServer(async (request) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  sink(Buffer.concat(chunks).toString()) // flags: any
})

const events = new EventEmitter()
events.on('order', (id: string) => sink(id)) // flags: any
events.on('stop', (reason: string) => sink(reason))

export function emit(): void {
  events.emit('order', source())
  events.emit('stop', 'safe')
}

function later(done: (error: Error | null, text?: string) => void): void {
  if (condition()) done(new Error('none'))
  else done(null, source())
}

export async function promised(): Promise<void> {
  sink(await promisify(later)()) // flags: any
}
