import type { KeyObject } from 'node:crypto'

/** An Ed25519 key as `ssh-keygen` writes it without a password (OpenSSH's PROTOCOL.key). */
export function writeOpenSshKey(key: KeyObject): string {
  const { x = '', d = '' } = key.export({ format: 'jwk' })
  const [publicKey, seed] = [Buffer.from(x, 'base64url'), Buffer.from(d, 'base64url')]
  const type = 'ssh-ed25519'
  // Two equal numbers tell a right password from a wrong one; there is none.
  const check = Buffer.alloc(8)
  const secrets = Buffer.concat([
    check,
    field(type),
    field(publicKey),
    field(Buffer.concat([seed, publicKey])),
    field(''),
  ])
  const padding = Buffer.from(Array.from({ length: (8 - (secrets.length % 8)) % 8 }, (_, index) => index + 1))
  const all = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    field('none'),
    field('none'),
    field(''),
    number(1),
    field(Buffer.concat([field(type), field(publicKey)])),
    field(Buffer.concat([secrets, padding])),
  ])
  const lines = all.toString('base64').match(/.{1,70}/g) ?? []
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join('\n')
}

function field(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content)
  return Buffer.concat([number(bytes.length), bytes])
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
