import { readFileSync } from 'node:fs'
import type { KeyObject } from 'node:crypto'
import ssh2 from 'ssh2'
import type { ParsedKey } from 'ssh2'
import { ConfigError } from '../../core/index.ts'
import type { Secret } from '../../core/index.ts'
import { orConfigError, readPrivateKey } from '../../crypto/keys/index.ts'
import { writeOpenSshKey } from './openssh-key.ts'

/** Ballerina's PrivateKey: a file, and its password where it is encrypted. */
export interface PrivateKeyConfig {
  /** PEM (PKCS#8, PKCS#1, SEC1) or what `ssh-keygen` writes. */
  readonly path: string
  readonly password?: string | Secret
}

/**
 * Reads the key that we prove ourselves with, and again when its file has changed: opening an encrypted one takes its
 * time. Without `allowsSha1` it signs with nothing weaker. Throws ConfigError below `path`.
 */
export function sshKeyReader(config: PrivateKeyConfig, path: string, allowsSha1: boolean): () => ParsedKey {
  let seen: string | undefined
  let key: ParsedKey | undefined
  return () => {
    const text = read(config.path, path)
    if (key === undefined || text !== seen) {
      const found = parse(text, config.password, path)
      key = allowsSha1 ? found : withoutSha1(found)
      seen = text
    }
    return key
  }
}

function parse(text: string, password: string | Secret | undefined, path: string): ParsedKey {
  const secret = typeof password === 'object' ? password.reveal() : password
  const options = secret === undefined ? {} : { password: secret }
  const key = text.includes('BEGIN OPENSSH PRIVATE KEY')
    ? ssh2.utils.parseKey(text, secret)
    : ssh2.utils.parseKey(
        toSshForm(
          orConfigError(path, () => readPrivateKey(text, options)),
          path,
        ),
      )
  if (!(key instanceof Error) && key.isPrivateKey()) return key
  const isEncrypted = key instanceof Error && /passphrase|integrity|decrypt/i.test(key.message)
  throw isEncrypted
    ? new ConfigError(`${path}.password`, 'the private key is encrypted and this password does not open it')
    : new ConfigError(`${path}.path`, 'expected a private key: PEM, or what ssh-keygen writes')
}

/** The library signs with SHA-1 where a server does not name anything better. */
function withoutSha1(key: ParsedKey): ParsedKey {
  const sign = key.sign.bind(key)
  return Object.assign(key, {
    sign: (data: Buffer, hash?: string) =>
      hash === 'sha1' ? new Error('the server knows RSA signatures with SHA-1 only') : sign(data, hash),
  })
}

function read(file: string, path: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
    throw new ConfigError(`${path}.path`, `cannot read ${file} (${code})`, { cause })
  }
}

/** The library reads the older forms alone. */
function toSshForm(key: KeyObject, path: string): string {
  if (key.asymmetricKeyType === 'rsa') return key.export({ type: 'pkcs1', format: 'pem' }).toString()
  if (key.asymmetricKeyType === 'ec') return key.export({ type: 'sec1', format: 'pem' }).toString()
  if (key.asymmetricKeyType === 'ed25519') return writeOpenSshKey(key)
  throw new ConfigError(
    `${path}.path`,
    `SSH knows RSA, EC and Ed25519 keys; this one is ${key.asymmetricKeyType ?? 'none of them'}`,
  )
}
