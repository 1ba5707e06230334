// By `npm run test:websockets` alone: it needs Python, and a package of PyPI.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { pythonWebSockets } from '../../tools/servers/python-websockets.ts'
import { startChat } from './chat.ts'

const chat = await startChat()
after(() => chat.close())

/** Reads what to do from its environment; prints the answer and how it ended. */
const client = `
import asyncio, json, os, ssl
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

async def main():
    ask = json.loads(os.environ['ASK'])
    trust = ssl.create_default_context(cafile=ask['authority'])
    try:
        async with connect(ask['url'], ssl=trust, additional_headers=ask['headers'], origin=ask['origin'],
                           subprotocols=ask['protocols'] or None, proxy=None) as socket:
            await socket.send(ask['message'])
            try:
                print(await socket.recv(), socket.subprotocol)
                await socket.recv()
            except ConnectionClosed as closed:
                print(closed.rcvd.code)
    except InvalidStatus as refused:
        print('refused', refused.response.status_code, refused.response.headers.get('www-authenticate'))

asyncio.run(main())
`

interface Ask {
  readonly headers?: Readonly<Record<string, string>>
  readonly protocols?: readonly string[]
  readonly origin?: string
  readonly message?: string
}

async function ask(path: string, asked: Ask): Promise<string> {
  const { headers = {}, protocols = [], origin = null, message = '{"type":"hello"}' } = asked
  const all = { url: chat.url + path, authority: chat.authorityFile, headers, protocols, origin, message }
  const env = { ...process.env, ASK: JSON.stringify(all) }
  const { stdout } = await promisify(execFile)(pythonWebSockets.python, ['-c', client], { env })
  return stdout.trim().replaceAll('\n', ', ')
}

const headers = { authorization: `Bearer ${chat.token}` }
const protocols = ['chat', `barre.bearer.${Buffer.from(chat.token).toString('base64url')}`]

describe('the websockets of Python', () => {
  const calls: readonly (readonly [claim: string, path: string, Ask, expected: RegExp])[] = [
    ['a header is let in', '/chat', { headers }, /^alice None, 1000$/],
    ['a token as subprotocol is let in, and never echoed', '/chat', { protocols }, /^alice chat, 1000$/],
    ['no token is refused', '/chat', {}, /^refused 401 Bearer/],
    [
      'a token without the scope is refused',
      '/admin',
      { headers },
      /^refused 403 Bearer .*insufficient_scope/,
    ],
    ['a token twice is refused', '/chat', { headers, protocols }, /^refused 400/],
    ['a foreign Origin is refused', '/chat', { headers, origin: 'https://evil.example' }, /^refused 403/],
    ['a message without its scope closes', '/chat', { headers, message: '{"type":"stop"}' }, /^4403$/],
    ['a message of no known type closes', '/chat', { headers, message: '{"type":"other"}' }, /^4403$/],
    ['a message over the limit closes', '/chat', { headers, message: 'x'.repeat(65_537) }, /^1009$/],
  ]
  for (const [claim, path, asked, expected] of calls) {
    test(claim, async () => assert.match(await ask(path, asked), expected))
  }
})
