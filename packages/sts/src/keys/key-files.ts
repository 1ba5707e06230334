import { createPrivateKey, randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError, Secret } from 'barre/core'
import { importSigningKey, publicJwk, thumbprint } from 'barre/jose'
import { nameOf, timeOf } from './key-name.ts'
import { keyTypes, signingAlgorithms } from './key-types.ts'
import type { KeyObject } from 'node:crypto'
import type { KeyPlace, PlacedKey } from './key-place.ts'
import type { SigningAlgorithm } from './key-types.ts'

/** Where signing keys lie, and what opens them. */
export interface KeyFolder {
  readonly directory: string
  /** What the files are encrypted with; absent: they are not. */
  readonly password?: string | Secret | undefined
  /** For errors. */
  readonly path: string
}

/** The most key files that are read. */
export const keyFilesMax = 100

/** Keys in a folder, one PKCS#8 PEM file each, mode 0600. */
export function keyFolder(folder: KeyFolder): KeyPlace {
  return {
    read: () => readKeyFiles(folder),
    create: (algorithm, nowMs) => createKeyFile(folder, algorithm, nowMs),
    remove: (names) => deleteKeyFiles(folder.directory, names),
    close() {},
  }
}

/** Reads every `*.pem` of the folder, which is made where it is not there. */
async function readKeyFiles(folder: KeyFolder): Promise<readonly PlacedKey[]> {
  const { directory, path } = folder
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const names = (await readdir(directory)).filter((name) => name.endsWith('.pem')).toSorted()
  if (names.length > keyFilesMax) {
    throw new ConfigError(path, `expected at most ${keyFilesMax} key files in ${directory}: barre sts prune`)
  }
  const files = await Promise.all(names.map((name) => readKeyFile(folder, name)))
  return files.toSorted((one, other) => one.madeAtMs - other.madeAtMs)
}

async function readKeyFile(folder: KeyFolder, name: string): Promise<PlacedKey> {
  const { directory, path } = folder
  const file = join(directory, name)
  const { mode, mtimeMs } = await stat(file)
  if ((mode & 0o077) !== 0) {
    throw new ConfigError(path, `${file} may be read by others; expected mode 0600: chmod 600 it`)
  }
  const pem = await readFile(file, 'utf8')
  const key = parsePkcs8(pem, folder, file)
  const algorithm = key && algorithmOf(key, name)
  if (key === undefined || algorithm === undefined) {
    throw new ConfigError(path, `${file} holds no PKCS#8 private key for ${signingAlgorithms.join(' or ')}`)
  }
  const options = { algorithm, path: `${path}: ${file}` }
  const kid = thumbprint(publicJwk(importSigningKey(key, options)))
  return { name, key: importSigningKey(key, { ...options, kid }), madeAtMs: timeOf(name) ?? mtimeMs }
}

/** The name says it where several algorithms use the same keys. */
function algorithmOf(key: KeyObject, name: string): SigningAlgorithm | undefined {
  const fitting = signingAlgorithms.filter((algorithm) => keyTypes[algorithm].fits(key))
  return fitting.find((algorithm) => name.endsWith(`-${algorithm}.pem`)) ?? fitting[0]
}

const plainHeader = '-----BEGIN PRIVATE KEY-----'
const encryptedHeader = '-----BEGIN ENCRYPTED PRIVATE KEY-----'

function parsePkcs8(pem: string, { password, path }: KeyFolder, file: string): KeyObject | undefined {
  const isEncrypted = pem.startsWith(encryptedHeader)
  if (!isEncrypted && !pem.startsWith(plainHeader)) return undefined
  if (isEncrypted !== (password !== undefined)) {
    throw new ConfigError(
      path,
      isEncrypted
        ? `${file} is encrypted: keysPassword opens it`
        : `${file} is not encrypted, though keysPassword says so: openssl pkcs8 -topk8 encrypts it`,
    )
  }
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(isEncrypted && { passphrase: reveal(password) }) })
  } catch (cause) {
    if (isEncrypted) throw new ConfigError(path, `keysPassword does not open ${file}`, { cause })
    return undefined
  }
}

function reveal(password: string | Secret | undefined): string {
  return password instanceof Secret ? password.reveal() : (password ?? '')
}

async function createKeyFile(
  { directory, password }: KeyFolder,
  algorithm: SigningAlgorithm,
  nowMs: number,
): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const { privateKey } = await keyTypes[algorithm].generate()
  const cipher = password === undefined ? {} : { cipher: 'aes-256-cbc', passphrase: reveal(password) }
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem', ...cipher })
  const name = `${nameOf(algorithm, nowMs)}.pem`
  const unfinished = join(directory, `${randomUUID()}.new`)
  const file = await open(unfinished, 'wx', 0o600)
  try {
    await file.writeFile(pem)
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    // Not renamed: a key that another process made in the same second stays.
    await link(unfinished, join(directory, name))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await unlink(unfinished)
  }
  return name
}

async function deleteKeyFiles(directory: string, names: readonly string[]): Promise<void> {
  const own = names.filter((name) => timeOf(name) !== undefined)
  await Promise.all(own.map((name) => unlink(join(directory, name))))
}
