// Why: what is published is the tarball, not this folder; these steps pack a package and judge the tarball
// alone.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

const run = promisify(execFile)

export interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly exports?: Readonly<Record<string, unknown>>
  readonly bin?: unknown
  readonly peerDependencies?: Readonly<Record<string, string>>
}

export interface Packed {
  readonly manifest: Manifest
  readonly tarball: string
  /** The files inside. */
  readonly files: readonly string[]
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}

/** Packs the package in `folder` into a tarball in the folder `into`. */
export async function pack(folder: string, into: string): Promise<Packed> {
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', into], { cwd: folder })
  const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[]
  if (packed === undefined) throw new Error(`npm packed nothing in ${folder}`)
  return {
    manifest: readManifest(folder),
    tarball: join(into, packed.filename.replace('@', '').replace('/', '-')),
    files: packed.files.map(({ path }) => path),
  }
}

/**
 * What is wrong with a tarball's contents, its package.json (publint) and its types (Are The Types Wrong).
 */
export async function lintTarball(packed: Packed): Promise<readonly string[]> {
  return [...lintFiles(packed.files), ...(await lintManifest(packed)), ...(await lintTypes(packed))]
}

/** Tests and build notes must stay out; the licence must be in. */
export function lintFiles(files: readonly string[]): readonly string[] {
  const stray = files.filter((path) => /\.test\.|(?:^|\/)test\/|\.tsbuildinfo$/.test(path))
  const problems = stray.map((path) => `${path} must not be published`)
  return files.includes('LICENSE') ? problems : [...problems, 'LICENSE is not in the tarball']
}

async function lintManifest({ tarball }: Packed): Promise<readonly string[]> {
  const bytes = readFileSync(tarball)
  const { messages, pkg } = await publint({ strict: true, pack: { tarball: new Uint8Array(bytes).buffer } })
  return messages.map((message) => `publint: ${formatMessage(message, pkg, { color: false })}`)
}

async function lintTypes({ manifest, tarball }: Packed): Promise<readonly string[]> {
  if (manifest.exports === undefined) return []
  const command = join(
    dirname(fileURLToPath(import.meta.resolve('@arethetypeswrong/cli/package.json'))),
    'dist/index.js',
  )
  const flags = [
    '--profile',
    'esm-only',
    '--format',
    'ascii',
    '--no-definitely-typed',
    '--no-emoji',
    '--no-color',
  ]
  try {
    await run(process.execPath, [command, tarball, ...flags])
    return []
  } catch (error) {
    return [`attw: ${(error as { stdout?: string }).stdout ?? String(error)}`]
  }
}
