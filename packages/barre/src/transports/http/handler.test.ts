import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { namedTokens, start } from '../../../test/http-wire.ts'
import { handler } from './handler.ts'
import type { Credentials } from './handler.ts'

const named = handler(namedTokens())
const url = 'http://test/'

const sources: readonly (readonly [name: string, from: (authorization: string) => Credentials])[] = [
  ['a header value', (authorization) => authorization],
  ['Headers', (authorization) => new Headers({ authorization })],
  ['a Request', (authorization) => new Request(url, { headers: { authorization } })],
  ['a header record', (authorization) => ({ authorization })],
]

for (const [name, from] of sources) {
  test(`authenticates from ${name}`, async () => {
    const result = await named.authenticate(from('Bearer slow-reader'))
    assert.equal(result.ok && result.value.username, 'reader')
    const refused = await named.authenticate(from('Bearer forged'))
    assert.equal(!refused.ok && refused.denial.code, 'invalid')
  })
}

test('authenticates from a request of node:http', async (context) => {
  const server = createServer((request, response) => {
    const result = named.authenticate(request)
    response.end(String('ok' in result && result.ok && result.value.username))
  })
  const port = await start(server, context)
  const response = await fetch(`http://127.0.0.1:${port}`, { headers: { authorization: 'Bearer writer' } })
  assert.equal(await response.text(), 'writer')
})

test('answers without a promise when the provider does', () => {
  const result = named.authenticate('Bearer reader')
  assert.ok('ok' in result && result.ok)
  assert.equal(named.authorize(result.value, 'read'), undefined)
  assert.equal(named.authorize(result.value, { all: ['read', 'write'] })?.code, 'insufficient_scope')
})

test('nothing to read is missing', () => {
  for (const nothing of [{}, undefined, JSON.parse('null') as undefined]) {
    const result = named.authenticate(nothing)
    assert.equal('ok' in result && !result.ok && result.denial.code, 'missing')
  }
})

test('a provider that compares URLs needs to be told ours, and never hears what Host says', async () => {
  const provider = { ...namedTokens(), needsPublicOrigin: true }
  assert.throws(() => handler(provider), { code: 'config', path: 'publicOrigin' })
  const headers = { authorization: 'Bearer reader' }
  const request = new Request('https://evil.example/order?x=1', { method: 'POST', headers })
  await handler(provider, { publicOrigin: 'https://orders.example' }).authenticate(request)
  assert.deepEqual(provider.calls, ['POST https://orders.example/order'])
})
