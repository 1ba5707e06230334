import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { ConfigError } from '../../core/index.ts'
import type { SftpConfig } from './config.ts'
import { findHost, knownHostsMaxBytes, readPublicKey } from './known-hosts.ts'

/** How a server proves that it is the one that was meant. */
export interface HostTrust {
  /** The types of the keys that it is known by, best first; none: any. */
  readonly types: readonly string[]
  /** Why a key (RFC 4253 §6.6) is not taken; `undefined`: it is the server's. */
  refuse(key: Buffer): string | undefined
}

/** Reads what is pinned, anew for each connection. Throws ConfigError. */
export function readHostTrust(config: SftpConfig, host: string, port: number): HostTrust {
  const { hostKey, sftpSshKnownHosts } = config
  if (hostKey !== undefined && sftpSshKnownHosts !== undefined) {
    throw new ConfigError('hostKey', 'give either this or sftpSshKnownHosts')
  }
  if (sftpSshKnownHosts !== undefined) return fromFile(sftpSshKnownHosts, host, port)
  if (hostKey !== undefined) return fromPins(typeof hostKey === 'string' ? [hostKey] : hostKey)
  throw new ConfigError(
    'sftpSshKnownHosts',
    'required: the known_hosts file that has the server, or its key in hostKey; else anybody could answer for it',
  )
}

function fromFile(file: string, host: string, port: number): HostTrust {
  const { known, revoked, hasAuthority } = findHost(read(file), host, port)
  if (known.length === 0) {
    throw new ConfigError(
      'sftpSshKnownHosts',
      hasAuthority
        ? 'only a @cert-authority line has the server, and certificates of hosts are not supported; add its key'
        : `the file has no key of ${port === 22 ? host : `[${host}]:${port}`}`,
    )
  }
  return {
    types: known.map(({ type }) => type),
    refuse(key) {
      if (revoked.some((one) => one.equals(key))) return 'its host key is revoked'
      return known.some((one) => one.key.equals(key)) ? undefined : 'its host key is another one'
    },
  }
}

function read(file: string): string {
  try {
    if (statSync(file).size <= knownHostsMaxBytes) return readFileSync(file, 'utf8')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
    throw new ConfigError('sftpSshKnownHosts', `cannot read ${file} (${code})`, { cause })
  }
  throw new ConfigError('sftpSshKnownHosts', `the file has more than ${knownHostsMaxBytes} bytes`)
}

function fromPins(pins: readonly string[]): HostTrust {
  const fingerprints = pins.map((pin, index) => toFingerprint(pin, index))
  const keys = pins.filter((pin) => !isFingerprint(pin))
  return {
    // Of a fingerprint nobody knows what it is the fingerprint of.
    types: keys.length === pins.length ? keys.map((pin) => pin.split(' ')[0] ?? '') : [],
    refuse: (key) => (fingerprints.includes(fingerprint(key)) ? undefined : 'its host key is another one'),
  }
}

function isFingerprint(pin: string): boolean {
  return pin.startsWith('SHA256:')
}

/** As `ssh-keygen -l` prints it. */
function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=$/, '')}`
}

function toFingerprint(pin: string, index: number): string {
  if (isFingerprint(pin)) {
    const bytes = Buffer.from(pin.slice(7), 'base64')
    const canonical = `SHA256:${bytes.toString('base64').replace(/=$/, '')}`
    if (bytes.length === 32 && canonical === pin.replace(/=$/, '')) return canonical
  } else {
    const [type = '', base64 = ''] = pin.split(' ')
    const key = readPublicKey(type, base64)
    if (key !== undefined) return fingerprint(key)
  }
  throw new ConfigError(
    `hostKey[${index}]`,
    'expected SHA256:... as ssh-keygen -l prints it, or a whole key, as in ssh-ed25519 AAAA...',
  )
}
