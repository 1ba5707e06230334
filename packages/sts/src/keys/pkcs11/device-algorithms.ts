import { createPublicKey, hash } from 'node:crypto'
import { attributes } from './library.ts'
import type { KeyObject } from 'node:crypto'
import type { SigningAlgorithm } from '../key-types.ts'
import type { Attribute, Mechanism } from './library.ts'

/** How a device makes keys of an algorithm, shows their public halves, and signs with them. */
export interface DeviceAlgorithm {
  readonly generation: Mechanism
  /** What a new public key is to be. */
  readonly kind: readonly Attribute[]
  /** What a public key's object has to tell. */
  readonly publicAttributes: readonly number[]
  /** Throws where the values are of another kind of key. */
  toPublicKey(values: readonly Buffer[]): KeyObject
  readonly signing: Mechanism
  /** What the device signs: some hash by themselves. */
  toInput(input: Buffer): Buffer
  signatureBytes(key: KeyObject): number
}

// The object identifier of P-256 in DER (RFC 5480 §2.1.1.1).
const p256 = Buffer.from('06082a8648ce3d030107', 'hex')
const pointBytes = 65
const modulusBits = 3072

const rsa = {
  generation: { mechanism: 0x0 },
  kind: [
    { type: attributes.modulusBits, value: modulusBits },
    { type: attributes.publicExponent, value: Buffer.from([1, 0, 1]) },
  ],
  publicAttributes: [attributes.modulus, attributes.publicExponent],
  toPublicKey([n, e]: readonly Buffer[]) {
    const jwk = { kty: 'RSA', n: n?.toString('base64url') ?? '', e: e?.toString('base64url') ?? '' }
    return createPublicKey({ key: jwk, format: 'jwk' })
  },
  toInput: (input: Buffer) => input,
  signatureBytes: (key: KeyObject) => (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8,
}

export const deviceAlgorithms: Readonly<Partial<Record<SigningAlgorithm, DeviceAlgorithm>>> = {
  ES256: {
    generation: { mechanism: 0x1040 },
    kind: [{ type: attributes.curve, value: p256 }],
    publicAttributes: [attributes.curve, attributes.point],
    toPublicKey([curve, found]) {
      // X9.62 inside an octet string, or (some devices) bare: 04, x, y.
      const point = found?.subarray(-pointBytes)
      if (curve?.equals(p256) !== true || point?.length !== pointBytes) throw new TypeError('no key of P-256')
      const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url'))
      return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '' }, format: 'jwk' })
    },
    signing: { mechanism: 0x1041 },
    toInput: (input) => hash('sha256', input, 'buffer'),
    signatureBytes: () => 64,
  },
  RS256: { ...rsa, signing: { mechanism: 0x40 } },
  // With SHA-256, MGF1 of the same, and a salt as long as the hash (RFC 7518 §3.5); type 5: that these are such
  // parameters, for pkcs11js.
  PS256: {
    ...rsa,
    signing: { mechanism: 0x43, parameter: { type: 5, hashAlg: 0x250, mgf: 2, saltLen: 32 } },
  },
}
