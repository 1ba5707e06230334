import { createHash, createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto'
import { isRecord } from '../../core/index.ts'
import { bytesOf, unwrapKey, wrapKey } from './aes-key-wrap.ts'
import { contentEncryptions } from './content-encryption.ts'
import type { KeyObject } from 'node:crypto'
import type { JsonObject } from '../json.ts'
import type { KeyContext, KeyManagement } from './key-management.ts'

interface Curve {
  readonly kty: 'EC' | 'OKP'
  readonly coordinates: readonly ('x' | 'y')[]
  /** Of each coordinate: RFC 7518 §6.2.1.2 wants them at full length. */
  readonly coordinateBytes: number
  fits(key: KeyObject): boolean
  generate(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
}

/** One row per curve, by its registered `crv` name (RFC 7518 §6.2.1.1, RFC 8037 §2). */
const curves: Readonly<Record<string, Curve>> = {
  'P-256': nist('prime256v1', 32),
  'P-384': nist('secp384r1', 48),
  'P-521': nist('secp521r1', 66),
  X25519: montgomery(32, 'x25519', () => generateKeyPairSync('x25519')),
  X448: montgomery(56, 'x448', () => generateKeyPairSync('x448')),
}

function nist(namedCurve: string, coordinateBytes: number): Curve {
  return {
    kty: 'EC',
    coordinates: ['x', 'y'],
    coordinateBytes,
    fits: (key) => key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === namedCurve,
    generate: () => generateKeyPairSync('ec', { namedCurve }),
  }
}

function montgomery(coordinateBytes: number, type: string, generate: Curve['generate']): Curve {
  return {
    kty: 'OKP',
    coordinates: ['x'],
    coordinateBytes,
    fits: (key) => key.asymmetricKeyType === type,
    generate,
  }
}

/** RFC 7518 §4.6, direct: the agreed key is the content key. */
export function agreement(): KeyManagement {
  return {
    direct: true,
    fits: isOnKnownCurve,
    wrapper: (key) => (_, context) => {
      const { shared, epk } = agreeAnew(key)
      return {
        contentKey: deriveContentKey(shared, context),
        encryptedKey: Buffer.alloc(0),
        parameters: { epk },
      }
    },
    headerProblem,
    unwrapper: (key) => (_, context) => deriveContentKey(agree(key, context.header), context),
  }
}

/** RFC 7518 §4.6: the agreed key wraps the content key. */
export function agreementWithKeyWrap(algorithm: string, keyBytes: number): KeyManagement {
  return {
    fits: isOnKnownCurve,
    wrapper:
      (key) =>
      (contentKey, { header }) => {
        const { shared, epk } = agreeAnew(key)
        const wrapping = deriveKey(shared, algorithm, keyBytes, header)
        return { contentKey, encryptedKey: wrapKey(wrapping, contentKey), parameters: { epk } }
      },
    headerProblem,
    unwrapper:
      (key) =>
      (encryptedKey, { header }) =>
        unwrapKey(deriveKey(agree(key, header), algorithm, keyBytes, header), encryptedKey),
  }
}

function deriveContentKey(shared: Buffer, { encryption, header }: KeyContext): Buffer {
  return deriveKey(shared, encryption, contentEncryptions[encryption].keyBytes, header)
}

function isOnKnownCurve(key: KeyObject): boolean {
  return curveOf(key) !== undefined
}

function curveOf(key: KeyObject): Curve | undefined {
  return Object.values(curves).find((curve) => curve.fits(key))
}

function headerProblem({ header }: KeyContext): string | undefined {
  if (readEphemeral(header['epk']) === undefined) return 'the epk is not of the form of a known curve'
  const wrong = ['apu', 'apv'].find((name) => header[name] !== undefined && !bytesOf(header[name]))
  return wrong === undefined ? undefined : `the ${wrong} is not base64url`
}

interface Ephemeral {
  readonly curve: Curve
  readonly jwk: Readonly<Record<string, unknown>>
}

/** Its form alone: whether the point is on the curve costs as much as agreeing does, and shows there. */
function readEphemeral(epk: unknown): Ephemeral | undefined {
  if (!isRecord(epk)) return undefined
  const { kty, crv } = epk
  const curve = typeof crv === 'string' && Object.hasOwn(curves, crv) ? curves[crv] : undefined
  if (curve === undefined || kty !== curve.kty) return undefined
  const jwk: Record<string, unknown> = { kty, crv }
  for (const name of curve.coordinates) {
    if (bytesOf(epk[name])?.length !== curve.coordinateBytes) return undefined
    jwk[name] = epk[name]
  }
  return { curve, jwk }
}

/** Throws for a point of another curve or of none, and (X25519, X448) for one of small order. */
function agree(privateKey: KeyObject, header: JsonObject): Buffer {
  const ephemeral = readEphemeral(header['epk'])
  if (!ephemeral?.curve.fits(privateKey)) throw new TypeError('the epk is not on the curve of the key')
  // OpenSSL refuses a point that is not on the curve: the answer to the invalid curve attack.
  return diffieHellman({ privateKey, publicKey: createPublicKey({ key: ephemeral.jwk, format: 'jwk' }) })
}

function agreeAnew(publicKey: KeyObject): { readonly shared: Buffer; readonly epk: object } {
  const curve = curveOf(publicKey)
  if (curve === undefined) throw new TypeError('the key is on no known curve')
  const ephemeral = curve.generate()
  const shared = diffieHellman({ privateKey: ephemeral.privateKey, publicKey })
  return { shared, epk: ephemeral.publicKey.export({ format: 'jwk' }) }
}

const hashBytes = 32

/** The Concat KDF with SHA-256 (RFC 7518 §4.6.2, NIST SP 800-56A §5.8.1). */
function deriveKey(shared: Buffer, algorithmId: string, keyBytes: number, header: JsonObject): Buffer {
  const info = Buffer.concat([
    withLength(Buffer.from(algorithmId)),
    withLength(bytesOf(header['apu']) ?? Buffer.alloc(0)),
    withLength(bytesOf(header['apv']) ?? Buffer.alloc(0)),
    toUint32(keyBytes * 8),
  ])
  const blocks: Buffer[] = []
  for (let round = 1; blocks.length * hashBytes < keyBytes; round++) {
    blocks.push(createHash('sha256').update(toUint32(round)).update(shared).update(info).digest())
  }
  return Buffer.concat(blocks).subarray(0, keyBytes)
}

function withLength(bytes: Buffer): Buffer {
  return Buffer.concat([toUint32(bytes.length), bytes])
}

function toUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
