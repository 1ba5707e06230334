import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bearer, nowSeconds, see, withEcho } from '../../test/fixture.ts'

const callers: [claim: string, headers: () => Promise<Record<string, string>>, status: number][] = [
  ['nobody', async () => ({}), 401],
  ['a good caller', () => bearer(), 200],
  ['an expired token', () => bearer({ exp: nowSeconds - 60 }), 401],
  ['a token for somebody else', () => bearer({ aud: 'orders' }), 401],
  ['a token without the scope', () => bearer({ scope: 'cancel_order' }), 403],
  ['a broken token', async () => ({ authorization: 'Bearer a b' }), 400],
  ['another scheme', async () => ({ authorization: 'Basic YTpi' }), 401],
]

test('callers', async (t) => {
  const gateway = await withEcho(t, { auth: { scopes: 'add_order' } })
  for (const [claim, headers, status] of callers) {
    await t.test(`${claim} is ${status}`, async () => {
      const response = await fetch(gateway.url, { headers: await headers() })
      assert.equal(response.status, status)
      assert.match(response.headers.get('x-request-id')!, /^[0-9a-f]{32}$/)
      if (status === 401) assert.match(response.headers.get('www-authenticate')!, /^Bearer/)
    })
  }
})

test('a token that is not exchanged goes no further than the gateway', async (t) => {
  const gateway = await withEcho(t, {})
  const seen = await see(await fetch(gateway.url, { headers: await bearer() }))
  assert.equal(seen.headers['authorization'], undefined)
})
