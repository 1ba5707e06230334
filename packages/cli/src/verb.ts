import type { ParseArgsOptionsConfig } from 'node:util'
import type { TerminalInput } from 'barre/config'

/** One verb of the command: `barre keys generate`, for example. */
export interface Verb {
  /** What follows `barre VERB`, one line per form. */
  readonly usage: readonly string[]
  /** The rest of the help text. */
  readonly help: string
  readonly options: ParseArgsOptionsConfig
  /** How many words may follow beside the options; default 0. */
  readonly positionalsMax?: number
  /**
   * Answers with the exit code. Throws UsageError for a wrong command line, Failure for what went wrong with
   * a right one.
   */
  run(input: VerbInput, io: Io): Promise<number>
}

export interface VerbInput {
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>
  readonly positionals: readonly string[]
}

/** Where a verb reads and writes; `process` fits. */
export interface Io {
  readonly stdin: TerminalInput
  readonly stdout: { write(text: string): unknown }
  readonly stderr: { write(text: string): unknown }
}

/** The command line is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The command line is right and the work could not be done: one line, exit code 1. */
export class Failure extends Error {
  override readonly name = 'Failure'
}

/** The value of a text option, or nothing. */
export function textOption(input: VerbInput, name: string): string | undefined {
  const value = input.values[name]
  return typeof value === 'string' ? value : undefined
}

/** The value of a text option that must be there. */
export function requiredOption(input: VerbInput, name: string): string {
  const value = textOption(input, name)
  if (value === undefined || value === '') throw new UsageError(`--${name} is required`)
  return value
}

/** The values of an option that may be repeated. */
export function listOption(input: VerbInput, name: string): string[] {
  const value = input.values[name]
  return Array.isArray(value) ? value.map(String) : []
}
