import { join } from 'node:path'
import { ask } from '../../runner/child.ts'
import { works } from './works/index.ts'
import type { Row, Table, Topic } from '../../runner/topic.ts'
import type { Work } from './work.ts'

const workProcess = join(import.meta.dirname, 'work-process.ts')

/** What `barre/crypto` and our JWE add to the bare primitives, and what others add. */
export const crypto: Topic = {
  prepare: async () => ({ tables: works.map(toTable), close: async () => {} }),
}

function toTable({ title, contenders }: Work): Table {
  const names = Object.keys(contenders)
  const [limit = ''] = names
  const rows = names.map((name): Row => ({
    name,
    measure: () => ask<number>(workProcess, [title, name]),
    ...(name !== limit && { limit: (figureOf) => figureOf(limit) }),
  }))
  return { title, unit: 'us', rows }
}
