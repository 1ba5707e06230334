import { refuse } from 'barre/core'
import { parseJsonObject } from 'barre/jose'
import type { Awaitable, Result } from 'barre/core'
import type { JsonObject } from 'barre/jose'
import type { KeyMaterial } from './jose-keys.ts'
import type { Io } from './verb.ts'

/** The longest line of a request, in bytes. */
export const lineMaxBytes = 4_194_304

/** One line of `--stdin`. */
export interface Request {
  /** Text is a compact serialization, a record one of the JSON serializations. */
  readonly token: string | JsonObject
  readonly key?: KeyMaterial
  readonly alg?: unknown
  readonly enc?: unknown
}

/**
 * Answers each line of standard input, a JSON object, with a line of standard output:
 * `{"id","ok":true,"payload"}` with the payload in base64url, or `{"id","ok":false,"code"}`. No line ends the run.
 */
export async function answerLines(
  io: Io,
  answer: (request: Request) => Awaitable<Result<string>>,
): Promise<number> {
  for await (const line of readLines(io.stdin)) {
    io.stdout.write(`${JSON.stringify(await answerLine(line, answer))}\n`)
  }
  return 0
}

async function answerLine(
  line: Buffer | undefined,
  answer: (request: Request) => Awaitable<Result<string>>,
): Promise<object> {
  const read = line === undefined ? undefined : parseJsonObject(line, 'the line', lineMaxBytes)
  if (read === undefined || !read.ok) return { ok: false, code: 'malformed' }
  const id = read.value['id']
  const result = await settle(read.value, answer)
  const outcome = result.ok ? { payload: result.value } : { code: result.denial.code }
  return { ...(id !== undefined && { id }), ok: result.ok, ...outcome }
}

async function settle(
  line: JsonObject,
  answer: (request: Request) => Awaitable<Result<string>>,
): Promise<Result<string>> {
  const { token, key, alg, enc } = line
  if (!isTextOrRecord(token) || !(key === undefined || isTextOrRecord(key))) {
    return refuse('malformed', 'token and key are text or objects')
  }
  try {
    return await answer({ token, alg, enc, ...(key !== undefined && { key }) })
  } catch {
    // A key that cannot be used (ConfigError), or a fault of ours: neither may keep the other lines from their answer.
    return refuse('invalid', 'the key cannot be used')
  }
}

function isTextOrRecord(value: unknown): value is string | JsonObject {
  return typeof value === 'string' || (typeof value === 'object' && value !== null && !Array.isArray(value))
}

const lineFeed = 0x0a

/** The lines of a stream, without empty ones; `undefined` in place of one that is too long. */
async function* readLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer | undefined> {
  let parts: Buffer[] = []
  let bytes = 0
  const take = (): Buffer | undefined => {
    const line = bytes > lineMaxBytes ? undefined : Buffer.concat(parts)
    parts = []
    bytes = 0
    return line
  }
  for await (const chunk of stream) {
    let rest = Buffer.from(chunk)
    for (let end = rest.indexOf(lineFeed); end >= 0; end = rest.indexOf(lineFeed)) {
      bytes += end
      if (bytes <= lineMaxBytes) parts.push(rest.subarray(0, end))
      rest = rest.subarray(end + 1)
      const line = take()
      if (!isBlank(line)) yield line
    }
    bytes += rest.length
    // What is too long is forgotten as it comes.
    if (bytes > lineMaxBytes) parts = []
    else if (rest.length > 0) parts.push(rest)
  }
  const last = take()
  if (!isBlank(last)) yield last
}

function isBlank(line: Buffer | undefined): boolean {
  return line !== undefined && line.toString('latin1').trim() === ''
}
