import {
  constants,
  createHmac,
  createPublicKey,
  createSecretKey,
  hash,
  timingSafeEqual,
  verify,
} from 'node:crypto'
import type { Issued } from '../tokens.ts'
import type { Library, Verify } from './library.ts'

/** What no library can beat: the signature check alone, on bytes that were taken apart beforehand. */
export const primitives: Library = {
  name: 'primitives',
  isLimit: true,
  toVerify(issued) {
    const parts = issued.tokens.map((token) => takeApart(token, issued.algorithm))
    const check = toCheck(issued)
    return (_token, index) => {
      const part = parts[index]
      return part !== undefined && check(part.input, part.signature)
    }
  },
  /** One SHA-256 of the token and one Map read. */
  toCachedVerify(issued) {
    const known = new Map(issued.tokens.map((token) => [hash('sha256', token, 'base64'), true]))
    const read: Verify = (token) => known.get(hash('sha256', token, 'base64')) === true
    return read
  },
}

interface Part {
  readonly input: Buffer
  readonly signature: Uint8Array
}

function takeApart(token: string, algorithm: Issued['algorithm']): Part {
  const end = token.lastIndexOf('.')
  const signature = Buffer.from(token.slice(end + 1), 'base64url')
  return {
    input: Buffer.from(token.slice(0, end)),
    // node:crypto checks DER more quickly than the form that JWS prescribes.
    signature: algorithm === 'ES256' ? toDer(signature) : signature,
  }
}

function toDer(signature: Buffer): Buffer {
  const halves = [signature.subarray(0, 32), signature.subarray(32)]
  const integers = halves.map((half) => {
    const digits = half.subarray(half.findIndex((byte) => byte !== 0))
    const bytes = (digits[0] ?? 0) >= 0x80 ? [0, ...digits] : digits
    return Buffer.from([0x02, bytes.length, ...bytes])
  })
  const body = Buffer.concat(integers)
  return Buffer.from([0x30, body.length, ...body])
}

function toCheck({ algorithm, pem, secret }: Issued): (input: Buffer, signature: Uint8Array) => boolean {
  if (secret !== undefined) {
    const key = createSecretKey(Buffer.from(secret))
    return (input, signature) => timingSafeEqual(createHmac('sha256', key).update(input).digest(), signature)
  }
  const key = createPublicKey(String(pem))
  const digest = algorithm === 'EdDSA' ? null : 'sha256'
  if (algorithm === 'PS256') {
    const prepared = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
    return (input, signature) => verify(digest, input, prepared, signature)
  }
  return (input, signature) => verify(digest, input, key, signature)
}
