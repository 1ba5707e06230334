import { openUserFile } from '../user-file.ts'
import { askForHash, requiredUsername } from '../user-password.ts'
import { listOption, requiredOption } from '../verb.ts'
import type { Verb } from '../verb.ts'

const help = `Adds a user to the TOML file of a user store, which is made when it is not there. The password is asked
for and not shown; the file gets its argon2id hash.

  --file FILE    the file
  --scope SCOPE  a scope of the user; may be repeated
  --stdin        read the password from the first line of standard input`

export const verb: Verb = {
  usage: ['NAME --file FILE [--scope SCOPE]... [--stdin]'],
  help,
  options: {
    file: { type: 'string' },
    scope: { type: 'string', multiple: true },
    stdin: { type: 'boolean' },
  },
  positionalsMax: 1,
  async run(input, io) {
    const username = requiredUsername(input)
    const name = requiredOption(input, 'file')
    const file = await openUserFile(name, { mayBeNew: true })
    file.add(username, await askForHash(input, io), listOption(input, 'scope'))
    await file.save()
    io.stdout.write(`${username} was added to ${name}\n`)
    return 0
  },
}
