// Why: a client in the service's own thread would measure itself.
import { workerData } from 'node:worker_threads'
import { measure } from './flood.ts'

for (const line of await measure(workerData as { port: number; seconds: number })) console.log(line)
