import { join } from 'node:path'
import { guardedTopic, tokenCount } from '../http/guarded-topic.ts'
import type { Topic } from '../../runner/topic.ts'
import { services } from './services.ts'

/** A guarded field, on Mercurius. */
export const graphql: Topic = guardedTopic([
  {
    title: `Mercurius: one guarded field, RS256, ${tokenCount} tokens in turn; queries per second of CPU`,
    services,
    processes: {
      server: join(import.meta.dirname, 'server-process.ts'),
      load: join(import.meta.dirname, 'load-process.ts'),
    },
  },
])
