import { createECDH, createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto'
import { DtlsError } from './alert.ts'

/** A group for key agreement (RFC 8422 §5.1.1). */
export interface Group {
  readonly id: number
  /** Makes a key for one handshake. */
  generate(): KeyShare
}

/** Our half of a key agreement. */
export interface KeyShare {
  readonly publicKey: Buffer
  /** The shared secret; `illegal_parameter` where the other half is no key of the group. */
  agree(peer: Buffer): Buffer
}

/** The groups that are offered, the best first. */
export const groups: readonly Group[] = [
  { id: 29, generate: generateX25519 },
  { id: 23, generate: () => generateOnCurve('prime256v1') },
  { id: 24, generate: () => generateOnCurve('secp384r1') },
]

function generateX25519(): KeyShare {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  const { x = '' } = publicKey.export({ format: 'jwk' })
  return {
    publicKey: Buffer.from(x, 'base64url'),
    agree: (peer) =>
      orIllegal(peer.length === 32, () => {
        const key = { kty: 'OKP', crv: 'X25519', x: peer.toString('base64url') }
        return diffieHellman({ privateKey, publicKey: createPublicKey({ key, format: 'jwk' }) })
      }),
  }
}

const uncompressed = 4

function generateOnCurve(curve: string): KeyShare {
  const ecdh = createECDH(curve)
  return {
    publicKey: ecdh.generateKeys(),
    // OpenSSL refuses a point that is not on the curve.
    agree: (peer) => orIllegal(peer[0] === uncompressed, () => ecdh.computeSecret(peer)),
  }
}

function orIllegal(hasRightForm: boolean, agree: () => Buffer): Buffer {
  try {
    if (hasRightForm) return agree()
  } catch {
    // As below: the key is no point of the group, or one of small order.
  }
  throw new DtlsError('illegal_parameter', 'a public key that is none of its group')
}
