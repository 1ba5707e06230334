import { readGatewayConfig, startGateway } from '@barre/gateway'
import { serve } from '../serve.ts'
import { requiredOption } from '../verb.ts'
import type { Verb } from '../verb.ts'

const help = `Starts the API gateway, until SIGINT or SIGTERM. Its log is JSON lines on the standard error.

  --config FILE   its settings and routes, in TOML (the README of @barre/gateway has all of them)`

export const verb: Verb = {
  usage: ['--config FILE'],
  help,
  options: { config: { type: 'string' } },
  run(input, io) {
    const file = requiredOption(input, 'config')
    return serve(io, 'gateway', async (log) => startGateway(await readGatewayConfig(file), { log }))
  },
}
