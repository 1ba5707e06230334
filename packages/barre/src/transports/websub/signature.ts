import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Secret } from '../../core/index.ts'

/** How content is signed; SHA-1 is not offered. */
export type SignatureMethod = 'sha256' | 'sha384' | 'sha512'

/** The value of X-Hub-Signature for these bytes (WebSub §7.1). */
export function sign(method: SignatureMethod, secret: Secret, body: Uint8Array): string {
  return `${method}=${digest(method, secret, body).toString('hex')}`
}

/** Why content must not be believed, for the log; `undefined` when its signature is right. */
export function findForgery(
  header: string | undefined,
  secret: Secret,
  body: Uint8Array,
  options: { readonly mayBeSha1: boolean },
): string | undefined {
  if (header === undefined) return 'X-Hub-Signature is absent'
  const [, method = '', hex = ''] = /^([a-z0-9]{1,16})=([0-9A-Fa-f]{1,128})$/.exec(header) ?? []
  if (method === '') return 'X-Hub-Signature is not method=hex'
  if (method === 'sha1' && !options.mayBeSha1) return 'X-Hub-Signature is SHA-1'
  if (!isKnown(method)) return 'the method of X-Hub-Signature is unknown'
  const expected = digest(method, secret, body)
  const given = Buffer.from(hex, 'hex')
  const isRight = hex.length === expected.length * 2 && timingSafeEqual(given, expected)
  return isRight ? undefined : 'X-Hub-Signature does not fit the content'
}

function isKnown(method: string): boolean {
  return /^sha(1|256|384|512)$/.test(method)
}

function digest(method: string, secret: Secret, body: Uint8Array): Buffer {
  return createHmac(method, secret.reveal()).update(body).digest()
}
