/** Why a key, certificate or store could not be read. A closed set. */
export type KeyErrorCode =
  | 'password_required'
  | 'wrong_password'
  | 'malformed'
  | 'damaged'
  | 'unsupported'
  | 'not_found'
  | 'wrong_kind'
  | 'too_large'

/** A key, certificate or store that cannot be used. The message never holds a password or key material. */
export class KeyError extends Error {
  override readonly name = 'KeyError'
  readonly code: KeyErrorCode

  constructor(code: KeyErrorCode, problem: string, options?: ErrorOptions) {
    super(problem, options)
    this.code = code
  }
}
