import { configHelp, configOptions } from '../load-config.ts'
import { requiredClientId, withSts } from '../sts-manage.ts'
import type { Verb } from '../verb.ts'

const help = `Gives a client of a token service's store another secret, while it runs too; the old one ends at once. The
secret is printed once and kept nowhere.

${configHelp}`

export const verb: Verb = {
  usage: ['ID --dir DIR', 'ID --config FILE'],
  help,
  options: configOptions,
  positionalsMax: 1,
  async run(input, io) {
    const clientId = requiredClientId(input)
    const secret = await withSts(input, io, (sts) => sts.rotateSecret(clientId))
    io.stdout.write(`client_secret = "${secret}"\n`)
    return 0
  },
}
