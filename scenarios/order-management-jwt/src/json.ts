import type { IncomingMessage, ServerResponse } from 'node:http'
import type { OrderItem } from './stock.ts'

/** The largest body that is read, in bytes. */
const bodyMaxBytes = 64 * 1024

/** A request's JSON body; `undefined` when it is too long or no JSON. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bodyMaxBytes) return undefined
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    return undefined
  }
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** Whether a value is a list of order items with whole, positive quantities. */
export function isItems(value: unknown): value is OrderItem[] {
  return Array.isArray(value) && value.length > 0 && value.length <= 100 && value.every(isItem)
}

function isItem(value: unknown): boolean {
  const { category, code, qty } = (value ?? {}) as Record<string, unknown>
  return typeof category === 'string' && typeof code === 'string' && Number.isInteger(qty) && Number(qty) > 0
}
