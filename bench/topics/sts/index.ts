import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureService } from '../http/measure-service.ts'
import { servers } from './servers/index.ts'
import type { Row, Topic } from '../../runner/topic.ts'
import type { TokenServer } from './servers/server.ts'

const processes = {
  server: join(import.meta.dirname, 'server-process.ts'),
  load: join(import.meta.dirname, 'load-process.ts'),
}
const leastShare = 0.7

/** The token endpoint under load: client_credentials, ES256 at+jwt. */
export const sts: Topic = {
  async prepare() {
    const folder = mkdtempSync(join(tmpdir(), 'barre-bench-'))
    return {
      tables: [
        {
          title: 'token endpoint: client_credentials, ES256 at+jwt; tokens per second of CPU',
          unit: '1/s',
          rows: servers.map((server) => toRow(server, folder)),
        },
      ],
      close: async () => rmSync(folder, { recursive: true }),
    }
  },
}

function toRow({ name, limit, isOurs = false }: TokenServer, folder: string): Row {
  const peer = servers.find((server) => server.isPeer)?.name ?? ''
  return {
    name,
    measure: () => measureService({ name }, folder, processes),
    ...(limit !== undefined && { limit: (figureOf) => figureOf(limit) }),
    ...(isOurs && {
      target: {
        text: `>= ${leastShare.toFixed(2)}, ahead of the peer`,
        holds: ({ figure, ratio }, of) =>
          (ratio?.median ?? 0) >= leastShare && figure > (of(peer)?.figure ?? Infinity),
      },
    }),
  }
}
