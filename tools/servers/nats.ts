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
    const [nats = 0, monitor = 0] = await freePorts(2)
    return startRestartable(
      'nats',
      { nats, monitor },
      async (folder) => {
        const { tls, clientCertificates, lines = [] } = config
        const files = tls && (await copyTls(folder, tls))
        await mkdir(join(folder.path, 'jetstream'))
        await writeFile(
          join(folder.path, 'nats.conf'),
          [
            `listen: 127.0.0.1:${nats}`,
            monitorLine(monitor),
            `jetstream { store_dir: "${folder.path}/jetstream" }`,
            ...(files ? tlsLines(files, clientCertificates) : []),
            ...lines,
            '',
          ].join('\n'),
        )
        await folder.own('jetstream', 'nats.conf')
      },
      ({ path }) => startProcess('nats-server', ['-c', join(path, 'nats.conf')], [nats, monitor]),
    )
  },
}

/** Where it tells, over HTTP, of its connections: `/connz`. */
export function monitorLine(port: number): string {
  return `http: 127.0.0.1:${port}`
}

/** The TLS of a server, as lines of its configuration. */
export function tlsLines(
  { certFile, keyFile, caFile }: ServerTls,
  clientCertificates: keyof typeof certificateLines = 'require',
): readonly string[] {
  return [
    `tls { cert_file: "${certFile}", key_file: "${keyFile}", ca_file: "${caFile}"`,
    `  ${certificateLines[clientCertificates]} }`,
  ]
}
