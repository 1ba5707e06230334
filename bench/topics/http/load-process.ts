// The load: proves that the guard guards, then sends every token in turn; asked for a number of seconds, it
// answers with the number of calls that were served.
import { readFileSync } from 'node:fs'
import autocannon from 'autocannon'
import type { Issued } from '../jwt/tokens.ts'

const connections = 20

const [file = '', port, guarded] = process.argv.slice(2)
const url = `http://127.0.0.1:${port}/order`
const { tokens, refused } = JSON.parse(readFileSync(file, 'utf8')) as Issued
if (guarded === 'guarded') await assertGuards()
process.send?.('ready')
process.on('message', (seconds) => void serve(Number(seconds)))

async function serve(seconds: number): Promise<void> {
  let next = 0
  const result = await autocannon({
    url,
    connections,
    pipelining: 1,
    duration: seconds,
    // Each connection starts elsewhere in the list, so that a token is not sent by two of them at once.
    setupClient: (client) => client.setRequests(requestsFrom((next++ * tokens.length) / connections)),
  })
  if (result.non2xx + result.errors > 0)
    throw new Error(`${result.non2xx + result.errors} calls were not served`)
  process.send?.(result['2xx'])
}

function requestsFrom(start: number): autocannon.Request[] {
  const first = Math.floor(start)
  return [...tokens.slice(first), ...tokens.slice(0, first)].map((token) => ({
    method: 'GET',
    path: '/order',
    headers: { authorization: `Bearer ${token}` },
  }))
}

async function assertGuards(): Promise<void> {
  if (await isServed(undefined)) throw new Error('serves a call without a token')
  for (const [reason, token] of Object.entries(refused)) {
    if (await isServed(token)) throw new Error(`serves a call with ${reason}`)
  }
  if (!(await isServed(tokens[0]))) throw new Error('refuses a good token')
}

async function isServed(token: string | undefined): Promise<boolean> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const response = await fetch(url, { headers })
  await response.arrayBuffer()
  return response.ok
}
