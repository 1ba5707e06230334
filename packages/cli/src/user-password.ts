import { hashPassword } from 'barre/crypto'
import { askTwice, withQuestions } from './questions.ts'
import { refusal } from './terms.ts'
import { UsageError } from './verb.ts'
import type { Io, VerbInput } from './verb.ts'

/** The one word NAME: what a user store takes for a user name. */
export function requiredUsername(input: VerbInput): string {
  const [username] = input.positionals
  if (username === undefined || username === '') throw new UsageError('NAME is required')
  if (/^[^:\p{Cc}]+$/u.test(username)) return username
  throw new UsageError("NAME has no ':' and no control characters")
}

/** Asks for a new password and hashes it as user stores like it best. */
export async function askForHash(input: VerbInput, io: Io): Promise<string> {
  const password = await withQuestions(input, io, (questions) =>
    askTwice(questions, {
      first: 'Enter password: ',
      again: 'Password cannot be empty; enter password: ',
      failure: 'the password is empty',
      verify: 'Re-enter password to verify: ',
      mismatch: 'passwords did not match.',
    }),
  )
  const hash = await hashPassword(password)
  if (!hash.ok) throw refusal(hash.denial)
  return hash.value
}
