import type { Algorithms } from 'ssh2'

/**
 * What is spoken. No SHA-1, no CBC, nothing that SSH's own successors dropped; and no ChaCha20-Poly1305, the one modern
 * cipher that a server without strict key exchange leaves open to Terrapin (CVE-2023-48795).
 */
const strict = {
  kex: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group18-sha512',
    'diffie-hellman-group-exchange-sha256',
    'diffie-hellman-group14-sha256',
  ],
  serverHostKey: [
    'ssh-ed25519',
    'ecdsa-sha2-nistp256',
    'ecdsa-sha2-nistp384',
    'ecdsa-sha2-nistp521',
    'rsa-sha2-512',
    'rsa-sha2-256',
  ],
  cipher: ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'aes128-ctr', 'aes192-ctr', 'aes256-ctr'],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
  compress: ['none'],
} as const

/** What servers of before 2015 may know only: asked for by a named option, and last. */
const weak = {
  kex: ['diffie-hellman-group-exchange-sha1', 'diffie-hellman-group14-sha1'],
  serverHostKey: ['ssh-rsa'],
  cipher: ['aes128-cbc', 'aes192-cbc', 'aes256-cbc'],
  hmac: ['hmac-sha1'],
} as const

/** `types`: of the keys that the server is known by; it may have others, too. */
export function toAlgorithms(types: readonly string[], allowsWeak: boolean): Algorithms {
  const all = (name: keyof typeof weak): readonly string[] =>
    allowsWeak ? [...strict[name], ...weak[name]] : strict[name]
  const hostKeys = all('serverHostKey').filter(
    (algorithm) => types.length === 0 || types.includes(keyTypeOf(algorithm)),
  )
  return {
    kex: [...all('kex')],
    serverHostKey: hostKeys,
    cipher: [...all('cipher')],
    hmac: [...all('hmac')],
    compress: [...strict.compress],
  } as Algorithms
}

/** RFC 8332: the same RSA key signs with either hash. */
function keyTypeOf(algorithm: string): string {
  return algorithm.startsWith('rsa-sha2-') ? 'ssh-rsa' : algorithm
}
