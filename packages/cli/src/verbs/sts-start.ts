import { readStsConfig, startSts } from '@barre/sts'
import { serve } from '../serve.ts'
import { requiredOption } from '../verb.ts'
import type { Verb } from '../verb.ts'

const help = `Starts the Secure Token Service, until SIGINT or SIGTERM. Its log is JSON lines on the standard error.

  --config FILE   its settings, in TOML (the README of @barre/sts has all of them)`

export const verb: Verb = {
  usage: ['--config FILE'],
  help,
  options: { config: { type: 'string' } },
  run(input, io) {
    const file = requiredOption(input, 'config')
    return serve(io, 'sts', async (log) => startSts(await readStsConfig(file), { log }))
  },
}
