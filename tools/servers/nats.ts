// Why: which credentials NATS takes, and what becomes of a connection whose credential ends, is the server's word.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePorts, startProcess } from './child.ts'
import { startRestartable } from './restartable.ts'
import { copyTls } from './tls-files.ts'
import type { RestartableServer } from './restartable.ts'
import type { RealServer } from './server.ts'
import type { ServerTls } from './tls-files.ts'

/** How a NATS server behaves. */
export interface NatsConfig {
  /** Absent: it speaks in clear text. */
  readonly tls?: ServerTls
  /** What clients must show of a certificate; default `require`. */
  readonly clientCertificates?: 'require' | 'map to users' | 'ignore'
  /** Further lines of its configuration: `authorization`, `operator`. */
  readonly lines?: readonly string[]
}

const certificateLines = { require: 'verify: true', 'map to users': 'verify_and_map: true', ignore: '' }

export const natsServer: RealServer<NatsConfig, RestartableServer> = {
  name: 'NATS',
  packages: ['nats-server'],
  program: 'nats-server',
  async start(config) {
    const [nats = 0] = await freePorts(1)
    return startRestartable(
      'nats',
      { nats },
      async (folder) => {
        const { tls, clientCertificates = 'require', lines = [] } = config
        const files = tls && (await copyTls(folder, tls))
        const tlsBlock = files && [
          `tls { cert_file: "${files.certFile}", key_file: "${files.keyFile}", ca_file: "${files.caFile}"`,
          `  ${certificateLines[clientCertificates]} }`,
        ]
        await mkdir(join(folder.path, 'jetstream'))
        await writeFile(
          join(folder.path, 'nats.conf'),
          [
            `listen: 127.0.0.1:${nats}`,
            `jetstream { store_dir: "${folder.path}/jetstream" }`,
            ...(tlsBlock ?? []),
            ...lines,
            '',
          ].join('\n'),
        )
        await folder.own('jetstream', 'nats.conf')
      },
      ({ path }) => startProcess('nats-server', ['-c', join(path, 'nats.conf')], [nats]),
    )
  },
}
