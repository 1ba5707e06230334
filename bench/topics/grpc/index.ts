import { join } from 'node:path'
import { guardedTopic, tokenCount } from '../http/guarded-topic.ts'
import type { Topic } from '../../runner/topic.ts'
import { services } from './services.ts'

/** A guarded unary method. */
export const grpc: Topic = guardedTopic([
  {
    title: `gRPC: one guarded unary method, RS256, ${tokenCount} tokens in turn; calls per second of CPU`,
    services,
    processes: {
      server: join(import.meta.dirname, 'server-process.ts'),
      load: join(import.meta.dirname, 'load-process.ts'),
    },
  },
])
