import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ok, refuse, Secret, toPrincipal } from '../../core/index.ts'
import type { Need } from '../../core/index.ts'
import { messageIdentity } from './identity.ts'

test('a message carries the credential of its source, which learns what it is for', async () => {
  let need: Need | undefined
  const identity = messageIdentity({
    credential(given) {
      need = given
      return ok({ kind: 'token', scheme: 'Bearer', token: new Secret('abc') })
    },
  })
  const caller = {
    principal: toPrincipal({ id: 'alice', username: 'alice', scheme: 'Bearer' }),
    headers: { authorization: 'Bearer inbound' },
  }
  const message = { target: 'orders', payload: 'é', caller, audience: 'stock', scopes: ['read'] }
  assert.deepEqual(await identity.headersFor(message), { authorization: 'Bearer abc' })
  assert.deepEqual(
    [need?.method, need?.target, need?.audience, need?.scopes, need?.caller?.credential?.reveal()],
    ['PUBLISH', 'orders', 'stock', ['read'], 'inbound'],
  )
  assert.deepEqual(Buffer.from(need?.payload?.() ?? []), Buffer.from('é'))
})

test('a message whose sender cannot be named is not published', async () => {
  const identity = messageIdentity({ credential: () => refuse('unavailable', 'down'), ready: () => false })
  await assert.rejects(identity.headersFor({ target: 'orders', payload: '' }), { code: 'unavailable' })
  assert.equal(identity.ready(), false)
})
