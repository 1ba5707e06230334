// Why: hashing passwords is dear on purpose; whoever floods a service with logins must not take its other routes along.
import { once } from 'node:events'
import { Agent, createServer, request } from 'node:http'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { hashPassword } from '../../packages/barre/src/crypto/index.ts'
import { protect } from '../../packages/barre/src/entries/http.ts'

/** Wrong logins a second. */
const floodRate = 200
const tickMs = 5

/** The service of this process; whoever measures it is another thread. */
export async function floodLogins(seconds: number): Promise<void> {
  const hash = await hashPassword(randomBytes(12).toString('hex'))
  if (!hash.ok) throw new Error(hash.denial.detail)
  const service = protect(
    {
      auth: [
        {
          fileUserStoreConfig: { users: [{ username: 'alice', password: hash.value }], loginThrottle: false },
        },
      ],
      resources: { 'GET /open': false, 'GET /guarded': true },
    },
    (_request, response) => response.end('ok'),
  )
  const server = createServer(service).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const worker = new Worker(new URL('./flood-worker.ts', import.meta.url), { workerData: { port, seconds } })
  await once(worker, 'exit')
  server.close()
}

/** In the worker: the open route alone, then beside a flood of logins at a fixed rate. */
export async function measure({
  port,
  seconds,
}: {
  port: number
  seconds: number
}): Promise<readonly string[]> {
  const idle = await probe(port, seconds)
  const counts = new Map<number, number>()
  const stop = flood(port, counts)
  const flooded = await probe(port, seconds)
  stop()
  const answers = [...counts].map(([status, count]) => `${count} x ${status}`).join(', ')
  return [
    `open route alone:          p50 ${percentile(idle, 0.5)} ms, p99 ${percentile(idle, 0.99)} ms`,
    `beside ${floodRate} logins a second: p50 ${percentile(flooded, 0.5)} ms, p99 ${percentile(flooded, 0.99)} ms`,
    `the logins: ${answers}`,
  ]
}

async function probe(port: number, seconds: number): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true })
  const took: number[] = []
  const endMs = performance.now() + seconds * 1000
  while (performance.now() < endMs) {
    const startMs = performance.now()
    await get(port, '/open', agent, {})
    took.push(performance.now() - startMs)
    await delay(tickMs)
  }
  agent.destroy()
  return took.toSorted((one, other) => one - other)
}

/** As many as the rate says, whether the ones before are answered or not. */
function flood(port: number, counts: Map<number, number>): () => void {
  const agent = new Agent({ keepAlive: true })
  let sent = 0
  const startMs = performance.now()
  const timer = setInterval(() => {
    const due = ((performance.now() - startMs) / 1000) * floodRate
    for (; sent < due; sent++) {
      const authorization = `Basic ${btoa(`user${sent}:${sent}`)}`
      void get(port, '/guarded', agent, { authorization }).then((status) =>
        counts.set(status, (counts.get(status) ?? 0) + 1),
      )
    }
  }, tickMs)
  return () => {
    clearInterval(timer)
    agent.destroy()
  }
}

function get(port: number, path: string, agent: Agent, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve) => {
    request({ port, path, agent, headers, host: '127.0.0.1' }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0))
    })
      // What the end of the measurement cuts off.
      .once('error', () => resolve(0))
      .end()
  })
}

function percentile(sorted: readonly number[], share: number): string {
  return (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2)
}
