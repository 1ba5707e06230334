import { join } from 'node:path'
import { guardedTopic, tokenCount } from './guarded-topic.ts'
import { frameworks } from './servers/index.ts'
import type { Topic } from '../../runner/topic.ts'

const processes = {
  server: join(import.meta.dirname, 'server-process.ts'),
  load: join(import.meta.dirname, 'load-process.ts'),
}

/** A guarded route of each framework. */
export const http: Topic = guardedTopic(
  Object.entries(frameworks).map(([name, services]) => ({
    title: `${name}: one guarded route, RS256, ${tokenCount} tokens in turn; calls per second of CPU`,
    services,
    processes,
  })),
)
