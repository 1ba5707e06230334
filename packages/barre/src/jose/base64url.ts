/**
 * Bytes of canonical base64url text, or `undefined`: no padding, no whitespace, no foreign character, no
 * stray bits.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  // RFC 4648 §3.5: one encoding per value. What Node's lenient decoder forgave shows when the bytes are
  // encoded again.
  return bytes.toString('base64url') === text ? bytes : undefined
}

export function encodeBase64url(bytes: Uint8Array | string): string {
  return (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes as Uint8Array)).toString('base64url')
}
