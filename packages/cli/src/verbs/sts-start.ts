import { startSts, stsShape } from '@barre/sts'
import { configHelp, configOptions, openSettings } from '../load-config.ts'
import { serve } from '../serve.ts'
import { UsageError, textOption } from '../verb.ts'
import type { Verb } from '../verb.ts'

const help = `Starts the Secure Token Service, until SIGINT or SIGTERM. SIGHUP makes it read its settings again. Its
log is JSON lines on the standard error.

${configHelp}
  --port N        another port than the settings say`

export const verb: Verb = {
  usage: ['--dir DIR [--port N]', '--config FILE [-e KEY=VALUE]...'],
  help,
  options: { ...configOptions, port: { type: 'string' } },
  async run(input, io) {
    const port = portOption(textOption(input, 'port'))
    const settings = openSettings(input, io)
    const read = async () => ({ ...(await settings.read(stsShape)), ...port })
    return serve(io, 'sts', async (log) => {
      const sts = await startSts(await read(), { log })
      const reload = (): void => {
        read()
          .then((config) => sts.reload(config))
          .catch((error: unknown) =>
            log.error({ error }, 'the changed settings cannot be used; the old ones stay'),
          )
      }
      process.on('SIGHUP', reload)
      return {
        url: sts.url,
        close: () => {
          process.off('SIGHUP', reload)
          return sts.close()
        },
      }
    })
  },
}

function portOption(text: string | undefined): { readonly port?: number } {
  if (text === undefined) return {}
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new UsageError('--port is a number up to 65535')
  return { port: Number(text) }
}
