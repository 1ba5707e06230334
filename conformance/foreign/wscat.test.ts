import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { after, describe, test } from 'node:test'
import { startChat } from './chat.ts'

const program = fileURLToPath(import.meta.resolve('wscat/bin/wscat'))
const chat = await startChat()
after(() => chat.close())

const bearer = ['--header', `authorization: Bearer ${chat.token}`]
const tokenName = `barre.bearer.${Buffer.from(chat.token).toString('base64url')}`
const asProtocol = ['--subprotocol', 'chat', '--subprotocol', tokenName]
const hello = ['--execute', '{"type":"hello"}']

/** What wscat prints until the connection ends; it waits for whatever the server does. */
async function wscat(path: string, ...options: readonly string[]): Promise<string> {
  const args = [program, '--no-color', '--ca', chat.authorityFile, '--wait', '600', ...options]
  // Its input stays open: at its end wscat would close the connection itself.
  const child = spawn(process.execPath, [...args, '--connect', chat.url + path], { stdio: 'pipe' })
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  const { promise, resolve } = Promise.withResolvers<string>()
  child.once('close', () => resolve(printed))
  return promise
}

describe('wscat', () => {
  const calls: readonly (readonly [
    claim: string,
    path: string,
    options: readonly string[],
    expected: RegExp,
  ])[] = [
    ['a header is let in', '/chat', [...bearer, ...hello], /^alice\n$/],
    ['a token as subprotocol is let in', '/chat', [...asProtocol, ...hello], /^alice\n$/],
    ['no token is refused', '/chat', hello, /error: Unexpected server response: 401/],
    ['a token without the scope is refused', '/admin', [...bearer, ...hello], /response: 403/],
    ['a token twice is refused', '/chat', [...bearer, ...asProtocol, ...hello], /response: 400/],
    ['a token in the query is refused', `/chat?access_token=${chat.token}`, hello, /response: 401/],
    [
      'a foreign Origin is refused',
      '/chat',
      [...bearer, '--origin', 'https://evil.example', ...hello],
      /response: 403/,
    ],
    [
      'a message without its scope closes without an answer',
      '/chat',
      [...bearer, '--execute', '{"type":"stop"}'],
      /^$/,
    ],
  ]
  for (const [claim, path, options, expected] of calls) {
    test(claim, async () => {
      const printed = await wscat(path, ...options)
      assert.match(printed, expected)
      assert.equal(printed.includes('barre.bearer'), false, 'what carries a token is echoed')
    })
  }
})
