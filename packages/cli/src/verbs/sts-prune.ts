import { configHelp, configOptions } from '../load-config.ts'
import { withSts } from '../sts-manage.ts'
import type { Verb } from '../verb.ts'

const help = `Deletes what has expired from a token service's store, and the files of keys whose last token has ended. A
running service deletes rows by itself every ten minutes, and never a key.

${configHelp}`

export const verb: Verb = {
  usage: ['--dir DIR', '--config FILE'],
  help,
  options: configOptions,
  async run(input, io) {
    const { rows, keys } = await withSts(input, io, (sts) => sts.prune())
    io.stdout.write(`${rows} rows and ${keys} keys were deleted\n`)
    return 0
  },
}
