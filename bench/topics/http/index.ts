import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { issueTokens } from '../jwt/tokens.ts'
import { measureService } from './measure-service.ts'
import { frameworks } from './servers/index.ts'
import type { Row, Topic } from '../../runner/topic.ts'
import type { Service } from './servers/service.ts'

const tokenCount = 500
/** The least share of the limit's rate that a server of ours must keep. */
const leastShare = 0.9

/** A guarded route under load: 500 tokens in turn, RS256. */
export const http: Topic = {
  async prepare() {
    const folder = mkdtempSync(join(tmpdir(), 'barre-bench-'))
    const file = join(folder, 'tokens.json')
    writeFileSync(file, JSON.stringify(issueTokens('RS256', tokenCount)))
    return {
      tables: Object.entries(frameworks).map(([name, services]) => ({
        title: `${name}: one guarded route, RS256, ${tokenCount} tokens in turn; calls per second of CPU`,
        unit: '1/s',
        rows: services.map((service) => toRow(service, file)),
      })),
      close: async () => rmSync(folder, { recursive: true }),
    }
  },
}

function toRow(service: Service, file: string): Row {
  const { name, limit, isOurs = false } = service
  return {
    name,
    measure: () => measureService(service, file),
    ...(limit !== undefined && { limit: (figureOf) => figureOf(limit) }),
    ...(isOurs && {
      target: {
        text: `>= ${leastShare.toFixed(2)}`,
        holds: ({ ratio }) => (ratio?.median ?? 0) >= leastShare,
      },
    }),
  }
}
