import { openUserFile } from '../user-file.ts'
import { askForHash, requiredUsername } from '../user-password.ts'
import { requiredOption } from '../verb.ts'
import type { Verb } from '../verb.ts'

const help = `Gives a user of a user store's TOML file another password. It is asked for and not shown; the file gets
its argon2id hash. A service that runs reads the changed file by itself.

  --file FILE  the file
  --stdin      read the password from the first line of standard input`

export const verb: Verb = {
  usage: ['NAME --file FILE [--stdin]'],
  help,
  options: { file: { type: 'string' }, stdin: { type: 'boolean' } },
  positionalsMax: 1,
  async run(input, io) {
    const username = requiredUsername(input)
    const name = requiredOption(input, 'file')
    const file = await openUserFile(name)
    file.setPassword(username, await askForHash(input, io))
    await file.save()
    io.stdout.write(`${username} has a new password in ${name}\n`)
    return 0
  },
}
