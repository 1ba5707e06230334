import type { Verify } from './libraries/library.ts'
import type { Issued } from './tokens.ts'

/** A contender that skips a check would be faster for it, so each is tried first. */
export async function assertRefuses(verify: Verify, { refused }: Issued): Promise<void> {
  for (const [reason, token] of Object.entries(refused)) {
    if (await verify(token, -1)) throw new Error(`accepts a token with ${reason}`)
  }
}
