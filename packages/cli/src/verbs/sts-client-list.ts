import { configHelp, configOptions } from '../load-config.ts'
import { withSts } from '../sts-manage.ts'
import type { Verb } from '../verb.ts'

const help = `Lists the clients of a token service, of its settings and of its store: id, way to authenticate,
grants, scopes.

${configHelp}`

export const verb: Verb = {
  usage: ['--dir DIR', '--config FILE'],
  help,
  options: configOptions,
  async run(input, io) {
    const clients = await withSts(input, io, (sts) => sts.listClients())
    for (const { clientId, authenticationMethod, grants, scopes, disabled } of clients) {
      const words = [
        clientId,
        authenticationMethod ?? 'client_secret_basic',
        grants.join(' '),
        scopes.join(' '),
      ]
      io.stdout.write(`${[...words, ...(disabled === true ? ['disabled'] : [])].join('\t')}\n`)
    }
    return 0
  },
}
