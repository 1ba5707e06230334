import { readFileSync } from 'node:fs'
import autocannon from 'autocannon'
import { awake } from '../../runner/awake.ts'
import type { Issued } from '../jwt/tokens.ts'

const connections = 20

/** What is asked for, with each token in turn. */
export interface Asked {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: string
  /** What the answer to a caller who may have it holds. */
  readonly served: string
}

/**
 * The work of a load's process: proves that the guard guards, then sends every token in turn; asked for a number of
 * seconds, it answers with the number of calls that were served.
 */
export async function load(asked: Asked): Promise<void> {
  const [file = '', port, guarded] = process.argv.slice(2)
  const origin = `http://127.0.0.1:${port}`
  const issued = JSON.parse(readFileSync(file, 'utf8')) as Issued
  if (guarded === 'guarded') await assertGuards(origin, asked, issued)
  process.send?.('ready')
  process.on('message', (seconds) => void serve(origin, asked, issued.tokens, Number(seconds)))
}

async function serve(url: string, asked: Asked, tokens: readonly string[], duration: number): Promise<void> {
  let next = 0
  const calls = autocannon({
    url,
    connections,
    pipelining: 1,
    duration,
    // Each connection starts elsewhere in the list, so that a token is not sent by two of them at once.
    setupClient: (client) =>
      client.setRequests(requestsFrom((next++ * tokens.length) / connections, asked, tokens)),
  })
  const result = await awake(calls)
  const failed = result.non2xx + result.errors
  if (failed > 0) throw new Error(`${failed} calls were not served`)
  process.send?.(result['2xx'])
}

function requestsFrom(
  start: number,
  { method, path, body }: Asked,
  tokens: readonly string[],
): autocannon.Request[] {
  const first = Math.floor(start)
  return [...tokens.slice(first), ...tokens.slice(0, first)].map((token) => ({
    method,
    path,
    headers: toHeaders(body, token),
    ...(body !== undefined && { body }),
  }))
}

async function assertGuards(
  origin: string,
  { method, path, body, served }: Asked,
  { tokens, refused }: Issued,
): Promise<void> {
  const isServed = async (token: string | undefined): Promise<boolean> => {
    const init = { method, headers: toHeaders(body, token), ...(body !== undefined && { body }) }
    const response = await fetch(origin + path, init)
    const text = await response.text()
    return response.ok && text.includes(served)
  }
  if (await isServed(undefined)) throw new Error('serves a call without a token')
  for (const [reason, token] of Object.entries(refused)) {
    if (await isServed(token)) throw new Error(`serves a call with ${reason}`)
  }
  if (!(await isServed(tokens[0]))) throw new Error('refuses a good token')
}

function toHeaders(body: string | undefined, token: string | undefined): Record<string, string> {
  return {
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  }
}
