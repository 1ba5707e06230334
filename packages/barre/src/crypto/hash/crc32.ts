import { crc32 as update } from 'node:zlib'
import { createReadStream } from 'node:fs'

/**
 * The CRC-32 of data in eight small hexadecimal digits. It finds slips of transmission; it is no protection
 * against anybody.
 */
export function crc32(data: string | Uint8Array): string {
  return toHex(update(data))
}

/** `crc32` of a stream. */
export async function crc32Stream(source: AsyncIterable<string | Uint8Array>): Promise<string> {
  let value = 0
  for await (const chunk of source) value = update(chunk, value)
  return toHex(value)
}

/** `crc32` of a file. */
export function crc32File(path: string): Promise<string> {
  return crc32Stream(createReadStream(path))
}

function toHex(value: number): string {
  return value.toString(16).padStart(8, '0')
}
