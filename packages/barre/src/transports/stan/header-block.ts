import type { Headers } from '../messages/index.ts'

/** STAN has no headers; they stand before the body, in the form in which NATS itself sends them (its ADR-4). */
const opening = 'NATS/1.0\r\n'
const ending = '\r\n\r\n'

/** What a name may hold, and a value: neither may open another line. */
const name = /^[!-9;-~]+$/
const value = /^[^\r\n]*$/

/** Puts headers before a body. Throws TypeError where one cannot be written. */
export function joinHeaders(headers: Headers, body: Uint8Array): Uint8Array {
  // A body that looks like headers would be read as such.
  if (headers.length === 0 && !startsWith(body, opening)) return body
  for (const [given, text] of headers) {
    if (!name.test(given) || !value.test(text))
      throw new TypeError('a header has a name or value of one line')
  }
  const lines = headers.map(([given, text]) => `${given}: ${text}\r\n`)
  return Buffer.concat([Buffer.from(`${opening}${lines.join('')}\r\n`, 'utf8'), body])
}

/** The headers and the body of what was sent; all of it is body where no headers can be read. */
export function splitHeaders(data: Uint8Array): { readonly headers: Headers; readonly body: Uint8Array } {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const end = startsWith(data, opening) ? bytes.indexOf(ending) : -1
  if (end < 0) return { headers: [], body: data }
  const lines = bytes.toString('utf8', opening.length, end).split('\r\n')
  const headers = lines.filter((line) => line !== '').map(toHeader)
  const isReadable = headers.every(([given, text]) => name.test(given) && value.test(text))
  return isReadable ? { headers, body: data.subarray(end + ending.length) } : { headers: [], body: data }
}

function toHeader(line: string): readonly [name: string, value: string] {
  const at = line.indexOf(':')
  return [line.slice(0, Math.max(0, at)), line.slice(at + 1).trim()]
}

function startsWith(data: Uint8Array, text: string): boolean {
  return Buffer.from(data.subarray(0, text.length)).toString('latin1') === text
}
