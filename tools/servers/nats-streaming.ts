// Why: whether a session of NATS Streaming holds, and whom it lets in, its server says; only Go's registry has it.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { freePorts, startProcess } from './child.ts'
import { monitorLine, tlsLines } from './nats.ts'
import { startRestartable } from './restartable.ts'
import { cacheFolder } from './server.ts'
import { copyTls } from './tls-files.ts'
import type { NatsConfig } from './nats.ts'
import type { RestartableServer } from './restartable.ts'
import type { RealServer } from './server.ts'
import type { ServerTls } from './tls-files.ts'

/** A streaming server, and the NATS server that it starts in itself. */
export interface NatsStreamingConfig extends Omit<NatsConfig, 'tls'> {
  readonly tls: ServerTls
  readonly clusterId: string
  /** How the one proves itself to the other: lines of its `streaming` block. Its certificate is the server's. */
  readonly own?: readonly string[]
  /** A creds file, for the same. */
  readonly ownCreds?: string
  /** What outlives a crash; default `file`. */
  readonly store?: 'file' | 'memory'
}

const version = 'v0.25.6'
const fetcher = 'go'
const program = join(cacheFolder(`nats-streaming-${version}`), 'nats-streaming-server')

export const natsStreaming: RealServer<NatsStreamingConfig, RestartableServer> = {
  name: 'NATS Streaming',
  packages: ['golang-go', 'ca-certificates'],
  program,
  download: { program: fetcher, isThere: () => existsSync(program), fetch: build },
  async start(config) {
    const [nats = 0, monitor = 0] = await freePorts(2)
    return startRestartable(
      'nats-streaming',
      { nats, monitor },
      async (folder) => {
        const { lines = [], clientCertificates, ownCreds = '' } = config
        const tls = await copyTls(folder, config.tls)
        await mkdir(join(folder.path, 'store'))
        await writeFile(join(folder.path, 'own.creds'), ownCreds)
        const all = [
          `listen: 127.0.0.1:${nats}`,
          monitorLine(monitor),
          ...tlsLines(tls, clientCertificates),
          ...lines,
          ...streamingLines(config, tls, folder.path),
        ]
        await writeFile(join(folder.path, 'stan.conf'), `${all.join('\n')}\n`)
        await folder.own('store', 'own.creds', 'stan.conf')
      },
      ({ path }) =>
        startProcess(
          program,
          ['-sc', join(path, 'stan.conf'), '-c', join(path, 'stan.conf')],
          [nats, monitor],
          { says: 'Streaming Server is ready' },
        ),
    )
  },
}

function streamingLines(
  { clusterId, own = [], ownCreds, store = 'file' }: NatsStreamingConfig,
  tls: ServerTls,
  folder: string,
): readonly string[] {
  return [
    'streaming {',
    `  cluster_id: "${clusterId}", store: ${store}, dir: "${folder}/store", secure: true`,
    `  tls { client_cert: "${tls.certFile}", client_key: "${tls.keyFile}", client_ca: "${tls.caFile}"`,
    '    server_name: localhost }',
    ...(ownCreds === undefined ? [] : [`  credentials: "${folder}/own.creds"`]),
    ...own,
    '}',
  ]
}

/** Builds the server from the modules of Go's own proxy, whole or not at all. */
function build(): void {
  const folder = dirname(program)
  mkdirSync(folder, { recursive: true })
  // Without C it needs no compiler but Go's own, and runs on every machine.
  const env = { ...process.env, GOBIN: folder, CGO_ENABLED: '0', GOFLAGS: '-mod=mod' }
  execFileSync(fetcher, ['install', `github.com/nats-io/nats-streaming-server@${version}`], {
    stdio: 'inherit',
    env,
  })
  // Whatever the umask: the servers' account reads and runs it.
  for (const path of [dirname(folder), folder, program]) chmodSync(path, 0o755)
}
