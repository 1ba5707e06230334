// The load: proves that clients are checked, then asks for tokens; asked for a number of seconds, it answers with how
// many it got.
import autocannon from 'autocannon'
import { awake } from '../../runner/awake.ts'
import { form, secret } from './servers/server.ts'

const connections = 20

// After the folder of the server's files.
const url = process.argv[3] ?? ''
const headers = { 'content-type': 'application/x-www-form-urlencoded', authorization: basic(secret) }
if ((await ask({ ...headers, authorization: basic('wrong') })).ok) throw new Error('takes a wrong secret')
await assertToken(await ask(headers))
process.send?.('ready')
process.on('message', (seconds) => void load(Number(seconds)))

async function load(seconds: number): Promise<void> {
  const request = { url, method: 'POST', headers, body: form, connections, pipelining: 1 } as const
  const result = await awake(autocannon({ ...request, duration: seconds }))
  const failed = result.non2xx + result.errors
  // What every server is asked for that takes clients without a check, or the limit, which checks none.
  if (failed > 0) throw new Error(`${failed} requests got no token`)
  process.send?.(result['2xx'])
}

function ask(sent: Readonly<Record<string, string>>): Promise<Response> {
  return fetch(url, { method: 'POST', headers: sent, body: form })
}

async function assertToken(response: Response): Promise<void> {
  const { access_token: token } = (await response.json()) as { access_token?: string }
  const [head = ''] = String(token).split('.')
  const { alg, typ } = JSON.parse(Buffer.from(head, 'base64url').toString()) as Record<string, unknown>
  if (alg !== 'ES256' || typ !== 'at+jwt') throw new Error('the token is no at+jwt signed with ES256')
}

function basic(password: string): string {
  return `Basic ${Buffer.from(`app:${password}`).toString('base64')}`
}
