import { createPublicKey, createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { ConfigError, isRecord } from '../src/core/index.ts'
import {
  importDecryptionKey,
  importEncryptionKey,
  importSigningJwk,
  importVerificationJwk,
  importVerificationKey,
  importVerificationSet,
  parseJsonObject,
} from '../src/jose/index.ts'
import { runFuzz } from './fuzz.ts'
import { mutate } from './mutate.ts'
import type { KeyObject } from 'node:crypto'
import type { Jwk, VerificationKey } from '../src/jose/index.ts'
import type { Fuzz, FuzzTarget } from './fuzz.ts'

const path = 'key'

/**
 * Changes JSON Web Keys. A changed key may still be a key: then it must be one to node:crypto too, the same one, and
 * strong, and for the purpose and algorithm that it states.
 */
export const fuzzJwk: Fuzz = async (count, seed) => runFuzz(createTargets(), change, count, seed)

function createTargets(): readonly FuzzTarget<string>[] {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const [ed, agreed] = [generateKeyPairSync('ed25519'), generateKeyPairSync('x25519')]
  const [mldsa] = [generateKeyPairSync('ml-dsa-44')]
  const signing: readonly (readonly [KeyObject, object])[] = [
    [createSecretKey(randomBytes(32)), { alg: 'HS256' }],
    [rsa.publicKey, {}],
    [rsa.privateKey, { alg: 'RS256' }],
    [ec.publicKey, { alg: 'ES256', key_ops: ['verify'] }],
    [ec.privateKey, { alg: 'ES256' }],
    [ed.publicKey, {}],
    [ed.privateKey, { alg: 'Ed25519' }],
    [mldsa.publicKey, { alg: 'ML-DSA-44' }],
  ]
  const encrypting: readonly (readonly [KeyObject, object])[] = [
    [createSecretKey(randomBytes(16)), { alg: 'A128KW' }],
    [ec.privateKey, { alg: 'ECDH-ES' }],
    [agreed.publicKey, { alg: 'ECDH-ES+A128KW' }],
  ]
  return [
    ...signing.map(([key, more]) => target(toJwk(key, { ...more, use: 'sig' }), isWrongSignatureKey)),
    ...encrypting.map(([key, more]) => target(toJwk(key, { ...more, use: 'enc' }), isWrongEncryptionKey)),
  ]
}

function toJwk(key: KeyObject, members: object): Jwk {
  return { ...(key.export({ format: 'jwk' }) as Jwk), kid: 'one', ...members }
}

function target(jwk: Jwk, isWrong: (jwk: Jwk) => boolean): FuzzTarget<string> {
  return {
    name: `JWK ${jwk.kty} ${jwk.alg ?? ''}`,
    original: JSON.stringify(jwk),
    accepts(text) {
      const json = parseJsonObject(Buffer.from(text), 'the key')
      return json.ok && isWrong(json.value as unknown as Jwk)
    },
  }
}

function isWrongSignatureKey(jwk: Jwk): boolean {
  const read = [
    attempt(() => importVerificationJwk(jwk, { path })),
    attempt(() => importVerificationSet({ keys: [jwk] }, { path })[0]),
    attempt(() => importVerificationKey(JSON.stringify(jwk), { path })),
  ]
  const signer = attempt(() => importSigningJwk(jwk, { path }))
  return (
    read.some((key) => key !== undefined && isMisread(key, jwk)) || (signer && !states(jwk, 'sign')) === true
  )
}

function isWrongEncryptionKey(jwk: Jwk): boolean {
  const read = [
    attempt(() => importDecryptionKey(jwk, { path })),
    attempt(() => importEncryptionKey(jwk, { path })),
  ]
  return read.some((key) => key !== undefined) && jwk.use !== undefined && jwk.use !== 'enc'
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof ConfigError) return undefined
    throw error
  }
}

function isMisread({ keyObject, algorithms }: VerificationKey, jwk: Jwk): boolean {
  if (!states(jwk, 'verify') || (jwk.kty === 'oct') !== (keyObject.type === 'secret')) return true
  if (jwk.alg !== undefined && algorithms.some((name) => name !== jwk.alg && !isEd25519(name, jwk.alg)))
    return true
  if (keyObject.type === 'secret') return algorithms.some((name) => !name.startsWith('HS'))
  return algorithms.some((name) => name.startsWith('HS')) || isWeak(keyObject) || !isTheSame(keyObject, jwk)
}

/** RFC 9864: one algorithm with two names. */
function isEd25519(...names: readonly (string | undefined)[]): boolean {
  return names.every((name) => name === 'Ed25519' || name === 'EdDSA')
}

/** Whether what the JWK says of its purpose allows this one; a private key's `sign` covers verifying. */
function states({ use, key_ops: operations }: Jwk, operation: 'sign' | 'verify'): boolean {
  if (use !== undefined && use !== 'sig') return false
  if (operations === undefined) return true
  return Array.isArray(operations) && (operations.includes(operation) || operations.includes('sign'))
}

function isWeak(key: KeyObject): boolean {
  const { modulusLength = 2048, publicExponent = 3n } = key.asymmetricKeyDetails ?? {}
  return modulusLength < 2048 || publicExponent < 3n || publicExponent % 2n === 0n
}

/** Padding, and a zero before an integer, are read where published sets have them: node:crypto is shown neither. */
function isTheSame(key: KeyObject, jwk: Jwk): boolean {
  const members = Object.entries(jwk).flatMap(([name, value]) =>
    typeof value === 'string' && ['n', 'e', 'x', 'y', 'kty', 'crv', 'pub', 'alg'].includes(name)
      ? [[name, value.replace(/=+$/, '')]]
      : [],
  )
  return createPublicKey({ key: Object.fromEntries(members), format: 'jwk' }).equals(key)
}

const words = 'AA AQAB AQ = sig enc oct RSA EC OKP AKP P-384 X25519 Ed25519 __proto__'
const algorithms = 'none HS256 RS256 ES256 EdDSA dir A128KW RSA1_5'
const odd: readonly unknown[] = [null, true, 0, -1, 1e300, '', ' ', 'é', '\0', [], [1], {}, 'x'.repeat(300)]
const operations = [['verify'], ['sign'], ['encrypt'], ['verify', 'verify'], 'verify']
const values: readonly unknown[] = [...`${words} ${algorithms}`.split(' '), ...odd, ...operations]
const names = [
  'kty',
  'crv',
  'alg',
  'use',
  'key_ops',
  'kid',
  'x',
  'y',
  'd',
  'n',
  'e',
  'p',
  'k',
  'oth',
  'pub',
  'priv',
]

/** Every other time another member, well-formed JSON; else another text. */
function change(text: string, numbers: (below: number) => number): string {
  if (numbers(2) === 0) return mutate(text, numbers)
  const jwk: unknown = JSON.parse(text)
  if (!isRecord(jwk)) return text
  const name = names[numbers(names.length)]!
  const others = [undefined, jwk[names[numbers(names.length)]!], values[numbers(values.length)]]
  return JSON.stringify({ ...jwk, [name]: others[numbers(others.length)] })
}
