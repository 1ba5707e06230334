import { join } from 'node:path'
import { guardedTopic, tokenCount } from '../http/guarded-topic.ts'
import type { Topic } from '../../runner/topic.ts'
import { connecting, messaging } from './services.ts'

const server = join(import.meta.dirname, 'server-process.ts')

/** Guarded connections, and messages on open ones. */
export const websocket: Topic = guardedTopic([
  {
    title: `WebSocket: connections opened and closed, RS256, ${tokenCount} tokens in turn; per second of CPU`,
    services: connecting,
    processes: { server, load: join(import.meta.dirname, 'connections-process.ts') },
  },
  {
    title: 'WebSocket: messages answered on open connections; per second of CPU',
    services: messaging,
    processes: { server, load: join(import.meta.dirname, 'messages-process.ts') },
  },
])
