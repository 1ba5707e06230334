import { isUtf8 } from 'node:buffer'
import { readFile, writeFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { parseJsonObject } from 'barre/jose'
import { Failure, textOption, UsageError } from './verb.ts'
import { requiredToken } from './terms.ts'
import type { JsonObject } from 'barre/jose'
import type { Io, VerbInput } from './verb.ts'

/** The largest token in a JSON serialization that is read, in bytes. */
const tokenMaxBytes = 4_194_304

/** TOKEN: a JSON serialization where it begins with a brace, else compact. */
export async function readToken(input: VerbInput, io: Io): Promise<string | JsonObject> {
  const token = await requiredToken(input, io)
  if (!token.startsWith('{')) return token
  const json = parseJsonObject(Buffer.from(token), 'the token', tokenMaxBytes)
  if (json.ok) return json.value
  throw new Failure(`${json.denial.code}: ${json.denial.detail}`)
}

/** The bytes of the file that an option names; of standard input where it names none. */
export async function readPayload(input: VerbInput, io: Io): Promise<Uint8Array> {
  const file = textOption(input, 'in')
  if (file === undefined) return buffer(io.stdin)
  return readFile(file).catch((error: Error) => {
    throw new Failure(error.message, { cause: error })
  })
}

/** Writes bytes to the file of `--out`, or text as it is to standard output. */
export async function writePayload(payload: Buffer, input: VerbInput, io: Io): Promise<void> {
  const file = textOption(input, 'out')
  if (file !== undefined) await writeFile(file, payload)
  else if (isUtf8(payload)) io.stdout.write(payload.toString('utf8'))
  else throw new Failure('the payload is not text: name a file with --out')
}

/** A JSON object that an option gives. */
export function recordOption(input: VerbInput, name: string): JsonObject | undefined {
  const text = textOption(input, name)
  if (text === undefined) return undefined
  const json = parseJsonObject(Buffer.from(text), `--${name}`)
  if (json.ok) return json.value
  throw new UsageError(json.denial.detail)
}
