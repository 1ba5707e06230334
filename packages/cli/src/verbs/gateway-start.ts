import { gatewayShape, startGateway } from '@barre/gateway'
import { configOptions, loadConfig } from '../load-config.ts'
import { serve } from '../serve.ts'
import type { Verb } from '../verb.ts'

const help = `Starts the API gateway, until SIGINT or SIGTERM. Its log is JSON lines on the standard error.

  --config FILE   its settings and routes, in TOML (the README of @barre/gateway has all of them); values may be
                  encrypted (barre encrypt --help)
  -e KEY=VALUE    another value for a setting; may be repeated`

export const verb: Verb = {
  usage: ['--config FILE [-e KEY=VALUE]...'],
  help,
  options: { config: configOptions.config, set: configOptions.set },
  async run(input, io) {
    const config = await loadConfig(input, io, gatewayShape)
    return serve(io, 'gateway', (log) => startGateway(config, { log }))
  },
}
