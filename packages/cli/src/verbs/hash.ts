import { askForHash } from '../user-password.ts'
import type { Verb } from '../verb.ts'

const help = `Hashes a password with argon2id for a user store. The password is asked for and not shown.

  --stdin  read the password from the first line of standard input`

export const verb: Verb = {
  usage: ['[--stdin]'],
  help,
  options: { stdin: { type: 'boolean' } },
  async run(input, io) {
    io.stdout.write(`${await askForHash(input, io)}\n`)
    return 0
  },
}
