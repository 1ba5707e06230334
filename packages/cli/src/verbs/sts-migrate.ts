import { migrateSts, stsShape } from '@barre/sts'
import { configHelp, configOptions, loadConfig } from '../load-config.ts'
import { managingServices } from '../sts-manage.ts'
import { orFail } from '../terms.ts'
import type { Verb } from '../verb.ts'

const help = `Brings the tables of a token service's store to the version that this program has. Stop the service first.

${configHelp}`

export const verb: Verb = {
  usage: ['--dir DIR', '--config FILE'],
  help,
  options: configOptions,
  async run(input, io) {
    const config = await loadConfig(input, io, stsShape)
    const before = await orFail(migrateSts(config, managingServices(io)))
    io.stdout.write(`the tables had version ${before}, and are current now\n`)
    return 0
  },
}
