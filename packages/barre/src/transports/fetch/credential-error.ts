import type { Denial, DenialCode } from '../../core/index.ts'

/**
 * Thrown by a call that was not sent, because no credential could be had for it: the token endpoint is down
 * (`unavailable`), the caller's token may not be passed on (`invalid`), nobody's credential is there
 * (`missing`).
 */
export class CredentialError extends Error {
  override readonly name = 'CredentialError'
  readonly code: DenialCode
  readonly denial: Denial

  constructor(denial: Denial) {
    super(`no credential for the call (${denial.code}): ${denial.detail}`)
    this.code = denial.code
    this.denial = denial
  }
}
