import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureService } from '../http/measure-service.ts'
import type { Processes } from '../http/measure-service.ts'
import { issueTokens } from '../jwt/tokens.ts'
import type { Row, Topic } from '../../runner/topic.ts'
import { services } from './services.ts'

const tokenCount = 500
const leastShare = 0.9
const processes: Processes = {
  server: join(import.meta.dirname, 'server-process.ts'),
  load: join(import.meta.dirname, 'load-process.ts'),
}

/** A guarded unary method under load: 500 tokens in turn, RS256. */
export const grpc: Topic = {
  async prepare() {
    const folder = mkdtempSync(join(tmpdir(), 'barre-bench-'))
    const file = join(folder, 'tokens.json')
    writeFileSync(file, JSON.stringify(issueTokens('RS256', tokenCount)))
    return {
      tables: [
        {
          title: `gRPC: one guarded unary method, RS256, ${tokenCount} tokens in turn; calls per second of CPU`,
          unit: '1/s',
          rows: Object.entries(services).map(([name, { limit }]): Row => ({
            name,
            measure: () => measureService({ name, isOpen: limit === undefined }, file, processes),
            ...(limit !== undefined && {
              limit: (figureOf) => figureOf(limit),
              target: {
                text: `>= ${leastShare.toFixed(2)}`,
                holds: ({ ratio }) => (ratio?.median ?? 0) >= leastShare,
              },
            }),
          })),
        },
      ],
      close: async () => rmSync(folder, { recursive: true }),
    }
  },
}
