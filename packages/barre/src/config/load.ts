import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ConfigError } from '../core/index.ts'
import { readArguments } from './arguments.ts'
import { createConfig } from './config.ts'
import { createDecrypter } from './decrypter.ts'
import { emptyDocument, leavesOf, parseDocument } from './document.ts'
import { isEncrypted, parseWhole } from './encrypted-value.ts'
import { applyArguments, applyEnvironment, keepType } from './override.ts'
import { findSecret, secretVariable } from './secret-source.ts'
import type { Log } from '../core/index.ts'
import type { ConfigArguments } from './arguments.ts'
import type { Config } from './config.ts'
import type { Leaf } from './document.ts'
import type { Environment } from './override.ts'

/** What a program hands to its configuration: nothing is read from the process itself. */
export interface LoadOptions {
  /** The TOML file; `--config FILE` among the words replaces it. */
  readonly file?: string
  /** `process.env`: replaces values of the file, and gives those that it lacks. */
  readonly env?: Environment
  /** `process.argv.slice(2)`: `-e key=value` replaces both; words that mean nothing here are left alone. */
  readonly argv?: readonly string[]
  /** Asks a person for the secret, when values are encrypted and no other source has it. */
  readonly prompt?: (question: string) => Promise<string>
  /** Is told when the secret's file could not be deleted. */
  readonly log?: Pick<Log, 'warn'>
}

/** The most bytes of a configuration file. */
export const fileBytesMax = 4_194_304

/**
 * Loads a configuration: file < environment < `-e key=value`. Encrypted values are opened; their secret is asked
 * for only when there is one. Throws ConfigError that names the key, or the file.
 */
export async function load(options: LoadOptions): Promise<Config> {
  const { env = {}, argv = [] } = options
  const words = readArguments(argv)
  const file = words.file ?? options.file
  const document = file === undefined ? emptyDocument() : parseDocument(await readBounded(file), file)
  applyEnvironment(document, env)
  applyArguments(document, words.values)
  const encrypted = leavesOf(document).filter(isEncryptedLeaf)
  if (encrypted.length > 0) await decrypt(encrypted, { ...options, env }, words, file)
  for (const leaf of leavesOf(document)) keepType(leaf)
  return createConfig(document, env)
}

/**
 * Loads a file alone and leaves its encrypted values as they are written: for tools that have no secret. Throws
 * ConfigError that names the key of a value that is damaged.
 */
export async function loadSealed(file: string): Promise<Config> {
  const document = parseDocument(await readBounded(file), file)
  for (const { path, value } of leavesOf(document).filter(isEncryptedLeaf)) parseWhole(value as string, path)
  return createConfig(document, {})
}

function isEncryptedLeaf({ value }: Leaf): boolean {
  return typeof value === 'string' && isEncrypted(value)
}

async function decrypt(
  leaves: readonly Leaf[],
  { env, prompt, log }: LoadOptions & { readonly env: Environment },
  words: ConfigArguments,
  file: string | undefined,
): Promise<void> {
  const secret = await findSecret({
    named: words.secretFile,
    text: env[secretVariable],
    usual: file === undefined ? undefined : join(dirname(file), 'secret.txt'),
    keepFile: words.keepSecretFile,
    prompt,
    log,
  })
  const decrypter = createDecrypter(secret)
  for (const leaf of leaves) leaf.value = await decrypter.decrypt(leaf.value as string, leaf.path)
}

async function readBounded(file: string): Promise<string> {
  try {
    await using handle = await open(file)
    if ((await handle.stat()).size <= fileBytesMax) return await handle.readFile('utf8')
  } catch (cause) {
    throw new ConfigError('', `cannot read ${file}`, { cause })
  }
  throw new ConfigError('', `${file} has more than ${fileBytesMax} bytes`)
}
