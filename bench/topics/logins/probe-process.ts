// Asks the open route every few milliseconds, beside as many wrong logins a second as it is told; sends the p99.
import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

const [port = '', loginsPerSecond = '0'] = process.argv.slice(2)
const probeSeconds = 10
const tickMs = 5

const stopFlood = flood(Number(loginsPerSecond))
const tookMs = await probe()
stopFlood()
process.send?.(tookMs[Math.floor(tookMs.length * 0.99)])

async function probe(): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true })
  const took: number[] = []
  const endMs = performance.now() + probeSeconds * 1000
  while (performance.now() < endMs) {
    const startMs = performance.now()
    const status = await get('/open', agent, {})
    if (status !== 200) throw new Error(`the open route answered ${status}`)
    took.push(performance.now() - startMs)
    await delay(tickMs)
  }
  agent.destroy()
  return took.toSorted((one, other) => one - other)
}

/** As many as the rate says, whether the ones before are answered or not. */
function flood(perSecond: number): () => void {
  const agent = new Agent({ keepAlive: true })
  let sent = 0
  const startMs = performance.now()
  const timer = setInterval(() => {
    const due = ((performance.now() - startMs) / 1000) * perSecond
    for (; sent < due; sent++) {
      const authorization = `Basic ${btoa(`user${sent}:${sent}`)}`
      get('/guarded', agent, { authorization }).then(refuseSuccess, () => {})
    }
  }, tickMs)
  return () => {
    clearInterval(timer)
    agent.destroy()
  }
}

function refuseSuccess(status: number): void {
  if (status === 200) throw new Error('a wrong password was accepted')
}

function get(path: string, agent: Agent, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ port, path, agent, headers, host: '127.0.0.1' }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0))
    })
      .once('error', reject)
      .end()
  })
}
