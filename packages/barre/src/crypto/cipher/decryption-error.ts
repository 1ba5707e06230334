/** A stream that cannot be decrypted: what came out of it before is not to be used. */
export class DecryptionError extends Error {
  override readonly name = 'DecryptionError'
  readonly code = 'invalid'
}
