import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { ConfigError, Secret } from 'barre/core'
import { KeyError } from 'barre/crypto'
import { Failure, textOption, UsageError } from './verb.ts'
import type { Denial } from 'barre/core'
import type { Io, VerbInput } from './verb.ts'

/** The one word TOKEN; `-` reads it from standard input. */
export async function requiredToken(input: VerbInput, io: Io): Promise<string> {
  const [token] = input.positionals
  if (token === undefined || token === '') throw new UsageError('TOKEN is required')
  return token === '-' ? (await text(io.stdin)).trim() : token
}

/** A refusal as the verb's one line: its code, then the reason. */
export function refusal({ code, detail }: Denial): Failure {
  return new Failure(`${code}: ${detail}`)
}

export function printJson(value: unknown, io: Io): void {
  io.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}

/** A whole number of seconds. */
export function secondsOption(input: VerbInput, name: string): number | undefined {
  const value = textOption(input, name)
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value)
  throw new UsageError(`--${name} is a whole number of seconds`)
}

/** A secret from a file, without the line end that editors put there. */
export async function readSecret(file: string): Promise<Secret> {
  const content = await readFile(file, 'utf8').catch((error: Error) => {
    throw new Failure(error.message, { cause: error })
  })
  return new Secret(content.replace(/\r?\n$/, ''))
}

/** What cannot be read, opened or written is a verb's one line. */
export async function orFail<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw isExpected(error) ? new Failure(error.message, { cause: error }) : error
  }
}

function isExpected(error: unknown): error is Error {
  if (error instanceof ConfigError || error instanceof KeyError) return true
  return error instanceof Error && 'syscall' in error
}
