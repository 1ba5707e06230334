import { X509Certificate, createHash, createPrivateKey, createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'

/**
 * Whether the bytes of a would-be shared secret are a key or a certificate in any usual form.
 * Such a text is public, or meant for another algorithm: the root of the RS256/HS256 confusion.
 */
export function looksLikeKey(secret: Buffer): boolean {
  const text = secret.toString('utf8')
  const decoded = Buffer.from(text, 'base64')
  return isPem(text) || isPem(decoded.toString('utf8')) || isJwk(text) || isDer(secret) || isDer(decoded)
}

function isPem(text: string): boolean {
  return /-----BEGIN [A-Z0-9 ]+-----|^\s*(?:ssh-|ecdsa-sha2-)/.test(text)
}

function isJwk(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    return typeof value === 'object' && value !== null && ('kty' in value || 'keys' in value)
  } catch {
    return false
  }
}

const derSequence = 0x30

function isDer(bytes: Buffer): boolean {
  if (bytes[0] !== derSequence) return false
  return [
    () => new X509Certificate(bytes),
    () => createPublicKey({ key: bytes, format: 'der', type: 'spki' }),
    () => createPublicKey({ key: bytes, format: 'der', type: 'pkcs1' }),
    () => createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' }),
  ].some(succeeds)
}

function succeeds(attempt: () => unknown): boolean {
  try {
    attempt()
    return true
  } catch {
    return false
  }
}

const prefixBytes = 8
let known: ReadonlySet<bigint> | undefined

/**
 * Whether a secret is on the list of publicly known ones; only those long enough to be used at all are
 * listed.
 */
export function isKnownSecret(secret: Buffer): boolean {
  known ??= loadKnownSecrets()
  return known.has(createHash('sha256').update(secret).digest().readBigUInt64BE(0))
}

/** data/README.md says where the list is from. By a name of the package's own: a built file may lie at any depth. */
function loadKnownSecrets(): ReadonlySet<bigint> {
  const data = readFileSync(new URL(import.meta.resolve('#data/known-secrets.bin')))
  const prefixes = new Set<bigint>()
  for (let at = 0; at < data.length; at += prefixBytes) prefixes.add(data.readBigUInt64BE(at))
  return prefixes
}
