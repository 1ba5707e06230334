/** The bits of an AES key; throws a TypeError for any other length. */
export function aesKeyBits(key: Uint8Array): number {
  if (key.length === 16 || key.length === 24 || key.length === 32) return key.length * 8
  throw new TypeError(`an AES key has 16, 24 or 32 bytes, this one has ${key.length}`)
}
