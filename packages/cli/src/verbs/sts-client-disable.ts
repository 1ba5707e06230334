import { configHelp, configOptions } from '../load-config.ts'
import { requiredClientId, withSts } from '../sts-manage.ts'
import type { Verb } from '../verb.ts'

const help = `Disables a client of a token service's store, while it runs too: it gets no more tokens. Those that it has
end by themselves.

  --enable        enables it again
${configHelp}`

export const verb: Verb = {
  usage: ['ID --dir DIR [--enable]'],
  help,
  options: { ...configOptions, enable: { type: 'boolean' } },
  positionalsMax: 1,
  async run(input, io) {
    const clientId = requiredClientId(input)
    const disabled = input.values['enable'] !== true
    await withSts(input, io, (sts) => sts.setDisabled(clientId, disabled))
    io.stdout.write(`${clientId} is ${disabled ? 'disabled' : 'enabled'}\n`)
    return 0
  },
}
