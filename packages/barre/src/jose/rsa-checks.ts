import type { KeyObject } from 'node:crypto'

/** The shortest RSA modulus that signs or verifies, in bits (RFC 7518 §3.3). */
export const rsaModulusMinBits = 2048
/** The longest, in bits: a longer one is a way to make verification slow. */
export const rsaModulusMaxBits = 8192
/** The longest public exponent, in bits: each bit is a squaring at every verification. */
export const rsaExponentMaxBits = 64

/** What is wrong with an RSA public key, or `undefined`. Other types of key have nothing to check here. */
export function rsaProblem(key: KeyObject): string | undefined {
  const details = key.asymmetricKeyDetails
  if (details?.modulusLength === undefined || details.publicExponent === undefined) return undefined
  if (details.modulusLength < rsaModulusMinBits || details.modulusLength > rsaModulusMaxBits) {
    return `the RSA modulus must have from ${rsaModulusMinBits} to ${rsaModulusMaxBits} bits`
  }
  const exponent = details.publicExponent
  if (exponent < 3n || exponent % 2n === 0n || exponent >= 1n << BigInt(rsaExponentMaxBits)) {
    return `the RSA public exponent must be odd, at least 3, and of at most ${rsaExponentMaxBits} bits`
  }
  const modulus = modulusOf(key)
  if (modulus === undefined) return undefined
  if (modulus % 2n === 0n) return 'the RSA modulus is even'
  return isRoca(modulus) ? 'the RSA key was made by a faulty generator (ROCA, CVE-2017-15361)' : undefined
}

function modulusOf(key: KeyObject): bigint | undefined {
  // Node does not export rsa-pss keys as JWK; they reach us only from the operator's own files.
  if (key.asymmetricKeyType !== 'rsa') return undefined
  const { n } = key.export({ format: 'jwk' })
  return BigInt(`0x${Buffer.from(n ?? '', 'base64url').toString('hex')}`)
}

const rocaPrimes = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
  109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
]
const rocaGenerator = 65_537

// Nemec et al., "The Return of Coppersmith's Attack" (2017): modulo each small prime such a modulus is a
// power of 65537.
function isRoca(modulus: bigint): boolean {
  return rocaPrimes.every((prime) => isPowerOf(rocaGenerator % prime, Number(modulus % BigInt(prime)), prime))
}

function isPowerOf(generator: number, residue: number, prime: number): boolean {
  let power = 1
  for (let exponent = 0; exponent < prime; exponent++) {
    if (power === residue) return true
    power = (power * generator) % prime
  }
  return false
}
