import { openUserFile } from '../user-file.ts'
import { requiredUsername } from '../user-password.ts'
import { requiredOption } from '../verb.ts'
import type { Verb } from '../verb.ts'

const help = `Removes a user from the TOML file of a user store. A service that runs reads the changed file by itself.

  --file FILE  the file`

export const verb: Verb = {
  usage: ['NAME --file FILE'],
  help,
  options: { file: { type: 'string' } },
  positionalsMax: 1,
  async run(input, io) {
    const username = requiredUsername(input)
    const name = requiredOption(input, 'file')
    const file = await openUserFile(name)
    file.remove(username)
    await file.save()
    io.stdout.write(`${username} was removed from ${name}\n`)
    return 0
  },
}
