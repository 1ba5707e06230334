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
    const parts = issued.tokens.map(takeApart)
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

function takeApart(token: string): { readonly input: Buffer; readonly signature: Buffer } {
  const end = token.lastIndexOf('.')
  return {
    input: Buffer.from(token.slice(0, end)),
    signature: Buffer.from(token.slice(end + 1), 'base64url'),
  }
}

function toCheck({ algorithm, pem, secret }: Issued): (input: Buffer, signature: Buffer) => boolean {
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
  if (algorithm === 'ES256') {
    const prepared = { key, dsaEncoding: 'ieee-p1363' as const }
    return (input, signature) => verify(digest, input, prepared, signature)
  }
  return (input, signature) => verify(digest, input, key, signature)
}
