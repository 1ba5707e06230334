import { createHmac, timingSafeEqual } from 'node:crypto'

/** One line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
interface KnownHost {
  readonly marker: string
  readonly hosts: string
  /** As it stands in the line: `ssh-ed25519`. */
  readonly type: string
  readonly key: Buffer
}

/** What a known_hosts file says of one server. */
export interface HostKeys {
  readonly known: readonly { readonly type: string; readonly key: Buffer }[]
  readonly revoked: readonly Buffer[]
  /** Whether an authority vouches for it, which is not supported. */
  readonly hasAuthority: boolean
}

/** The largest known_hosts file that is read, in bytes. */
export const knownHostsMaxBytes = 4_194_304

/** What `text` says of a server; lines that cannot be read say nothing, as with OpenSSH. */
export function findHost(text: string, host: string, port: number): HostKeys {
  // A host on another port is another server: its name alone says nothing of it.
  const name = (port === 22 ? host : `[${host}]:${port}`).toLowerCase()
  const lines = text.split(/\r?\n/).flatMap((line) => parse(line) ?? [])
  const ours = lines.filter(({ hosts }) => isAmong(hosts, name))
  const of = (marker: string): readonly KnownHost[] => ours.filter((line) => line.marker === marker)
  return {
    known: of(''),
    revoked: of('@revoked').map(({ key }) => key),
    hasAuthority: of('@cert-authority').length > 0,
  }
}

function parse(line: string): KnownHost | undefined {
  const fields = line.trim().split(/[ \t]+/)
  const marker = fields[0]?.startsWith('@') === true ? (fields.shift() ?? '') : ''
  const [hosts = '', type = '', base64 = ''] = fields
  if (hosts.startsWith('#')) return undefined
  const key = readPublicKey(type, base64)
  return key && { marker, hosts, type, key }
}

/** The key of `ssh-ed25519 AAAA...`, whose bytes begin with its type once more (RFC 4253 §6.6). */
export function readPublicKey(type: string, base64: string): Buffer | undefined {
  const key = Buffer.from(base64, 'base64')
  const isWhole = key.length > 4 && key.toString('base64') === base64
  if (!isWhole || key.toString('latin1', 4, 4 + key.readUInt32BE(0)) !== type) return undefined
  return key
}

/** Whether a name is among the patterns of a line, and none of those forbids it. */
function isAmong(hosts: string, name: string): boolean {
  if (hosts.startsWith('|')) return isHashOf(hosts, name)
  const patterns = hosts.toLowerCase().split(',')
  const matches = (wanted: boolean): boolean =>
    patterns.some((pattern) => pattern.startsWith('!') !== wanted && toPattern(pattern).test(name))
  return matches(true) && !matches(false)
}

/** `*` and `?`, with all else as it is: brackets stand around a host with a port. */
function toPattern(pattern: string): RegExp {
  const parts = pattern.replace(/^!/, '').split(/([*?]+)/)
  const written = parts.map((part) => {
    if (part.includes('*')) return '.*'
    return part.startsWith('?') ? '.'.repeat(part.length) : RegExp.escape(part)
  })
  return new RegExp(`^${written.join('')}$`)
}

/** `|1|salt|hash`: a name that only who knows it can find. */
function isHashOf(hosts: string, name: string): boolean {
  const [, version, salt = '', hash = ''] = hosts.split('|')
  if (version !== '1') return false
  const expected = Buffer.from(hash, 'base64')
  const found = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest()
  return expected.length === found.length && timingSafeEqual(expected, found)
}
