import { resolve } from 'node:path'
import { configHelp, configOptions } from '../load-config.ts'
import { withSts } from '../sts-manage.ts'
import { UsageError } from '../verb.ts'
import type { Verb } from '../verb.ts'

const help = `Writes a copy of a token service's SQLite store, while it runs too. PostgreSQL has pg_dump for that. The
keys are files: copy them as well.

${configHelp}`

export const verb: Verb = {
  usage: ['FILE --dir DIR', 'FILE --config FILE'],
  help,
  options: configOptions,
  positionalsMax: 1,
  async run(input, io) {
    const [name] = input.positionals
    if (name === undefined) throw new UsageError('FILE is required')
    // Before another folder becomes the working one.
    const file = resolve(name)
    await withSts(input, io, (sts) => sts.backup(file))
    io.stdout.write(`the store was copied to ${file}\n`)
    return 0
  },
}
