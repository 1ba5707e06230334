import { makeStsKey, stsShape } from '@barre/sts'
import { configHelp, configOptions, loadConfig } from '../load-config.ts'
import { managingServices } from '../sts-manage.ts'
import { orFail } from '../terms.ts'
import type { Verb } from '../verb.ts'

const help = `Makes a signing key for a token service. A running service publishes it within half a minute, signs with
it once everybody has had time to see it, and publishes the old one until its last token has ended.

${configHelp}`

export const verb: Verb = {
  usage: ['--dir DIR', '--config FILE'],
  help,
  options: configOptions,
  async run(input, io) {
    const config = await loadConfig(input, io, stsShape)
    await orFail(makeStsKey(config, managingServices(io)))
    io.stdout.write('a signing key was made\n')
    return 0
  },
}
