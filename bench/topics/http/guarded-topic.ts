import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { issueTokens } from '../jwt/tokens.ts'
import { measureService } from './measure-service.ts'
import type { Row, Topic } from '../../runner/topic.ts'
import type { Processes } from './measure-service.ts'
import type { Service } from './servers/service.ts'

/** The different tokens that a load sends in turn. */
export const tokenCount = 500
/** The least share of the limit's rate that a server of ours must keep. */
const leastShare = 0.9

/** Servers that are compared, and the programs that serve and load them. */
export interface GuardedTable {
  readonly title: string
  readonly services: readonly Service[]
  readonly processes: Processes
}

/** Guarded servers under load: 500 tokens in turn, RS256. */
export function guardedTopic(tables: readonly GuardedTable[]): Topic {
  return {
    async prepare() {
      const folder = mkdtempSync(join(tmpdir(), 'barre-bench-'))
      const file = join(folder, 'tokens.json')
      writeFileSync(file, JSON.stringify(issueTokens('RS256', tokenCount)))
      return {
        tables: tables.map(({ title, services, processes }) => ({
          title,
          unit: '1/s',
          rows: services.map((service) => toRow(service, file, processes)),
        })),
        close: async () => rmSync(folder, { recursive: true }),
      }
    },
  }
}

function toRow(service: Service, file: string, processes: Processes): Row {
  const { name, limit, isOurs = false } = service
  return {
    name,
    measure: () => measureService(service, file, processes),
    ...(limit !== undefined && { limit: (figureOf) => figureOf(limit) }),
    ...(isOurs && {
      target: {
        text: `>= ${leastShare.toFixed(2)}`,
        holds: ({ ratio }) => (ratio?.median ?? 0) >= leastShare,
      },
    }),
  }
}
