import { existsSync } from 'node:fs'
import { createTerminal, load, secretVariable } from 'barre/config'
import { orFail } from './terms.ts'
import { Failure, UsageError, textOption } from './verb.ts'
import type { Shape } from 'barre/core'
import type { Io, VerbInput } from './verb.ts'

/** The options of a verb that reads a service's configuration. */
export const configOptions = {
  config: { type: 'string' },
  dir: { type: 'string' },
  set: { type: 'string', multiple: true, short: 'e' },
} as const

/** What help says of them. */
export const configHelp = `  --config FILE   its settings, in TOML
  --dir DIR       a folder of barre sts init: its sts.toml, with paths in it relative to the folder
  -e KEY=VALUE    another value for a setting; may be repeated`

const secretFile = 'config.secret'

/** The settings of a service, which may be read again. */
export interface Settings {
  /** File < environment < `-e`. What is wrong with them is a Failure. */
  read<T>(shape: Shape<T>): Promise<T>
}

/**
 * The settings that the options name. Encrypted values are opened with the secret beside them in a folder of ours, else
 * as every program's are (barre.config.secret, the environment, a question). A folder becomes the working one.
 */
export function openSettings(input: VerbInput, io: Io): Settings {
  const file = textOption(input, 'config')
  const directory = textOption(input, 'dir')
  if ((file === undefined) === (directory === undefined))
    throw new UsageError('--config or --dir is required')
  // Paths of a folder's own settings stay right when the folder is moved.
  if (directory !== undefined) enter(directory)
  const words = valuesOf(input).flatMap((word) => ['-e', word])
  const isBeside =
    directory !== undefined && process.env[secretVariable] === undefined && existsSync(secretFile)
  const secret = isBeside ? ['-e', `barre.config.secret=${secretFile}`, '--keep-secret-file'] : []
  return {
    read: (shape) => orFail(readSettings(file ?? 'sts.toml', [...words, ...secret], io, shape)),
  }
}

function enter(directory: string): void {
  try {
    process.chdir(directory)
  } catch (cause) {
    throw new Failure(`${directory} is no folder that can be used`, { cause })
  }
}

async function readSettings<T>(file: string, argv: readonly string[], io: Io, shape: Shape<T>): Promise<T> {
  const terminal = createTerminal(io.stdin, io.stderr)
  try {
    const prompt = (question: string): Promise<string> => terminal.ask(question)
    const config = await load({ file, env: process.env, argv, ...(io.stdin.isTTY === true && { prompt }) })
    return config.read('', shape)
  } finally {
    await terminal.close()
  }
}

/** The same, for a verb that reads them once. */
export async function loadConfig<T>(input: VerbInput, io: Io, shape: Shape<T>): Promise<T> {
  return openSettings(input, io).read(shape)
}

function valuesOf({ values }: VerbInput): readonly string[] {
  const set = values['set']
  return Array.isArray(set) ? set.map(String) : []
}
