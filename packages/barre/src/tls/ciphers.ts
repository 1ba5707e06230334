import { getCiphers } from 'node:tls'
import { ConfigError } from '../core/index.ts'
import type { SecureVersion } from 'node:tls'

/**
 * Cipher names (OpenSSL's, or IANA's as in `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`) as OpenSSL's.
 * Throws ConfigError for a name that this OpenSSL does not know, and for one without forward secrecy.
 */
export function toCipherList(names: readonly string[], path: string): string[] {
  const known = new Set(getCiphers().map((name) => name.toUpperCase()))
  return names.map((name, index) => {
    const cipher = toOpenSslName(name.toUpperCase())
    if (!known.has(cipher)) throw new ConfigError(`${path}[${index}]`, `this Node.js has no cipher ${name}`)
    if (!/^(TLS_|ECDHE-|DHE-)/.test(cipher)) {
      throw new ConfigError(`${path}[${index}]`, `${name} has no forward secrecy; take an ECDHE cipher`)
    }
    return cipher
  })
}

/** The protocol version that an OpenSSL cipher is for. */
export function versionOf(cipher: string): SecureVersion {
  return cipher.startsWith('TLS_') ? 'TLSv1.3' : 'TLSv1.2'
}

/** RFC 5246 names say `<key exchange>_WITH_<cipher>_<hash>`; OpenSSL joins the same words otherwise. */
function toOpenSslName(name: string): string {
  const match = /^TLS_([A-Z_]+)_WITH_([A-Z0-9_]+)$/.exec(name)
  if (match === null) return name
  const cipher = match[2]!
    .replace(/^AES_(\d+)_/, 'AES$1_')
    .replace('_CBC_', '_')
    .replace('CHACHA20_POLY1305_SHA256', 'CHACHA20_POLY1305')
  return `${match[1]!}_${cipher}`.replaceAll('_', '-')
}
