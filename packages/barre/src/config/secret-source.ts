import { open, unlink } from 'node:fs/promises'
import { ConfigError, Secret } from '../core/index.ts'
import type { Log } from '../core/index.ts'

/** Where the secret of encrypted values may come from; the first that is there is taken. */
export interface SecretSources {
  /** A file that was named for it. */
  readonly named?: string | undefined
  /** The text itself, from the environment. */
  readonly text?: string | undefined
  /** The file that is looked for unasked. */
  readonly usual?: string | undefined
  readonly keepFile: boolean
  readonly prompt?: ((question: string) => Promise<string>) | undefined
  readonly log?: Pick<Log, 'warn'> | undefined
}

/** The environment variable that holds the secret, and the `-e` parameters that name its file. */
export const secretVariable = 'BARRE_CONFIG_SECRET'
export const secretFileParameters: readonly string[] = [
  'barre.config.secret',
  'b7a.config.secret',
  'ballerina.config.secret',
]

const question = 'barre: enter secret for config value decryption: '

/** The secret that opens a configuration's values. Throws ConfigError when there is none. */
export async function findSecret(sources: SecretSources): Promise<Secret> {
  const { named, text, usual, prompt } = sources
  if (named !== undefined) return takeFile(named, sources)
  if (text !== undefined && text !== '') return new Secret(text)
  if (usual !== undefined) {
    const secret = await takeFile(usual, sources).catch((error: unknown) => {
      if (error instanceof ConfigError && isAbsent(error.cause)) return undefined
      throw error
    })
    if (secret !== undefined) return secret
  }
  if (prompt !== undefined) return new Secret(await prompt(question))
  const file = `name its file with -e ${secretFileParameters[0]}=FILE`
  throw new ConfigError(
    '',
    `encrypted values need their secret: ${file}, set ${secretVariable}, or start on a terminal`,
  )
}

async function takeFile(file: string, { keepFile, log }: SecretSources): Promise<Secret> {
  const secret = await readSecretFile(file)
  if (keepFile) return secret
  try {
    await unlink(file)
  } catch (error) {
    if (isAbsent(error)) return secret
    // A mounted secret (EROFS, EBUSY) is its platform's to take away.
    const { code } = error as NodeJS.ErrnoException
    log?.warn(
      { file, code },
      'the secret file could not be deleted: --keep-secret-file says that it may stay',
    )
  }
  return secret
}

/** The most bytes of a secret file. */
export const secretFileBytesMax = 4_096

/** The one line of a secret file, which is left where it is. Throws ConfigError that names the file. */
export async function readSecretFile(file: string): Promise<Secret> {
  const line = (await readBounded(file)).replace(/\r?\n$/, '')
  if (/[\r\n]/.test(line)) throw new ConfigError('', `${file}: multi-line user secrets not allowed`)
  if (line === '') throw new ConfigError('', `${file}: the secret is empty`)
  return new Secret(line)
}

async function readBounded(file: string): Promise<string> {
  try {
    await using handle = await open(file)
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(secretFileBytesMax + 1))
    if (bytesRead <= secretFileBytesMax) return buffer.toString('utf8', 0, bytesRead)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new ConfigError('', isAbsent(cause) ? `file not found: ${file}` : `cannot read ${file} (${code})`, {
      cause,
    })
  }
  throw new ConfigError('', `${file}: a secret has at most ${secretFileBytesMax} bytes`)
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
