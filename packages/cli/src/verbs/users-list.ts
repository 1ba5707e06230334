import { openUserFile } from '../user-file.ts'
import { requiredOption } from '../verb.ts'
import type { FileUser } from '../user-file.ts'
import type { Verb } from '../verb.ts'

const help = `Lists the users of a user store's TOML file, one a line: name, how the password is stored, scopes.

  --file FILE  the file`

export const verb: Verb = {
  usage: ['--file FILE'],
  help,
  options: { file: { type: 'string' } },
  async run(input, io) {
    const { users } = await openUserFile(requiredOption(input, 'file'))
    for (const user of users) {
      io.stdout.write(`${user.username}\t${formOf(user)}\t${scopesOf(user).join(' ')}\n`)
    }
    return 0
  },
}

function formOf({ password }: FileUser): string {
  const [, name] = /^[$@]([a-z0-9-]+)[$:]/i.exec(String(password)) ?? []
  return name ?? 'plain'
}

function scopesOf({ scopes }: FileUser): readonly string[] {
  if (Array.isArray(scopes)) return scopes.map(String)
  return typeof scopes === 'string' ? scopes.split(',').map((scope) => scope.trim()) : []
}
