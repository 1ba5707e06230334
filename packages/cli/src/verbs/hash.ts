import { randomBytes } from 'node:crypto'
import { hashArgon2id } from 'barre/crypto'
import { askTwice, withQuestions } from '../questions.ts'
import type { Verb } from '../verb.ts'

const help = `Hashes a password with argon2id for a user store. The password is asked for and not shown.

  --stdin  read the password from the first line of standard input`

const saltBytes = 16

export const verb: Verb = {
  usage: ['[--stdin]'],
  help,
  options: { stdin: { type: 'boolean' } },
  async run(input, io) {
    const password = await withQuestions(input, io, (questions) =>
      askTwice(questions, {
        first: 'Enter password: ',
        again: 'Password cannot be empty; enter password: ',
        failure: 'the password is empty',
        verify: 'Re-enter password to verify: ',
        mismatch: 'passwords did not match.',
      }),
    )
    io.stdout.write(`${await hashArgon2id(password.reveal(), randomBytes(saltBytes))}\n`)
    return 0
  },
}
