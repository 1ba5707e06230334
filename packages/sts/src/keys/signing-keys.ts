import { createPrivateKey, generateKeyPair } from 'node:crypto'
import { mkdir, open, readFile, readdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ConfigError } from 'barre/core'
import { importSigningKey, publicJwk, thumbprint } from 'barre/jose'
import type { KeyObject } from 'node:crypto'
import type { Jwk, SigningKey } from 'barre/jose'
import type { Services } from 'barre/core'

/** The algorithms that tokens are signed with. */
export const signingAlgorithms = ['ES256', 'RS256'] as const

export type SigningAlgorithm = (typeof signingAlgorithms)[number]

/** The keys of this service. Rotation will change what the methods answer, not what they are. */
export interface SigningKeys {
  /** The key that signs now; its `kid` is its RFC 7638 thumbprint. */
  current(): SigningKey
  /** The public keys that tokens may still be signed with. */
  published(): readonly Jwk[]
}

/** The most key files that are read. */
export const keyFilesMax = 100

/**
 * Loads every PKCS#8 `*.pem` of a directory; makes a key when there is none for `algorithm`.
 * Of several for the algorithm the one whose file name sorts last signs: made names begin with their time.
 * Throws ConfigError for a file that others may read or that holds no key for one of the algorithms.
 */
export async function loadSigningKeys(
  directory: string,
  algorithm: SigningAlgorithm,
  services: Pick<Services, 'now'>,
  path: string,
): Promise<SigningKeys> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const loaded = await readKeys(directory, path)
  if (!loaded.some((key) => key.algorithm === algorithm)) {
    const name = await createKey(directory, algorithm, services.now())
    loaded.push(await readKey(join(directory, name), path))
  }
  const current = loaded.findLast((key) => key.algorithm === algorithm)!
  const published = Object.freeze(loaded.map(publicJwk))
  return { current: () => current, published: () => published }
}

async function readKeys(directory: string, path: string): Promise<SigningKey[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.pem')).toSorted()
  if (names.length > keyFilesMax) {
    throw new ConfigError(path, `expected at most ${keyFilesMax} key files in ${directory}`)
  }
  return Promise.all(names.map((name) => readKey(join(directory, name), path)))
}

async function readKey(file: string, path: string): Promise<SigningKey> {
  const { mode } = await stat(file)
  if ((mode & 0o077) !== 0) {
    throw new ConfigError(path, `${file} may be read by others; expected mode 0600: chmod 600 it`)
  }
  const key = parsePkcs8(await readFile(file, 'utf8'))
  const algorithm = signingAlgorithms.find((name) => key !== undefined && keyTypes[name].fits(key))
  if (key === undefined || algorithm === undefined) {
    throw new ConfigError(path, `${file} holds no PKCS#8 private key for ${signingAlgorithms.join(' or ')}`)
  }
  const options = { algorithm, path: `${path}: ${file}` }
  const kid = thumbprint(publicJwk(importSigningKey(key, options)))
  return importSigningKey(key, { ...options, kid })
}

function parsePkcs8(pem: string): KeyObject | undefined {
  if (!pem.startsWith('-----BEGIN PRIVATE KEY-----')) return undefined
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}

interface KeyType {
  fits(key: KeyObject): boolean
  generate(): Promise<{ readonly privateKey: KeyObject }>
}

const generate = promisify(generateKeyPair)

const keyTypes: Readonly<Record<SigningAlgorithm, KeyType>> = {
  ES256: {
    fits: (key) => key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1',
    generate: () => generate('ec', { namedCurve: 'P-256' }),
  },
  RS256: {
    fits: (key) => key.asymmetricKeyType === 'rsa',
    generate: () => generate('rsa', { modulusLength: 3072 }),
  },
}

/** Writes a new key that only we can read, whole or not at all; answers with its file name. */
async function createKey(directory: string, algorithm: SigningAlgorithm, nowMs: number): Promise<string> {
  const { privateKey } = await keyTypes[algorithm].generate()
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const name = `${time}-${algorithm}.pem`
  const unfinished = join(directory, `${name}.new`)
  const file = await open(unfinished, 'wx', 0o600)
  try {
    await file.writeFile(privateKey.export({ type: 'pkcs8', format: 'pem' }))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(unfinished, join(directory, name))
  return name
}
