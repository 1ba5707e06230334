import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { jwtVerify, EmbeddedJWK } from 'jose'
import { need, refusing, startMs, tokenKit, tokens } from '../../../test/token-kit.ts'
import type { CredentialSource, Need, Outgoing } from '../../core/index.ts'

const config = { tokenUrl: '', clientId: 'orders', clientSecret: 'x', dpop: true }
const token = { token_type: 'DPoP', expires_in: 3600 }

async function sent(source: CredentialSource, asked: Need = need): Promise<Outgoing & { kind: 'token' }> {
  const result = await source.credential(asked)
  assert.ok(result.ok && result.value.kind === 'token')
  return result.value
}

/** What a proof says, verified by a library that was not written for it. */
async function read(proof: string | undefined) {
  const currentDate = new Date(startMs)
  const { payload, protectedHeader } = await jwtVerify(proof ?? '', EmbeddedJWK, {
    typ: 'dpop+jwt',
    currentDate,
  })
  return { payload, jwk: protectedHeader.jwk }
}

test('a bound token is asked for and sent with proofs of one key', async (context) => {
  const kit = await tokenKit(context)
  kit.server.answer = () => tokens(kit.server, token)
  const outgoing = await sent(kit.make(config))
  const [received] = kit.server.received
  const asked = await read(received?.headers['dpop'] as string)
  const used = await read(outgoing.proof)
  assert.deepEqual(asked.jwk, used.jwk)
  assert.deepEqual(Object.keys(used.jwk ?? {}).toSorted(), ['crv', 'kty', 'x', 'y'])
  assert.deepEqual(
    [asked.payload['htm'], asked.payload['htu'], asked.payload['ath']],
    ['POST', `${kit.server.url}/token`, undefined],
  )
  assert.deepEqual(
    [outgoing.scheme, used.payload['htm'], used.payload['htu'], used.payload['ath'], used.payload.iat],
    [
      'DPoP',
      'GET',
      'https://orders.example/order',
      createHash('sha256').update('token1').digest('base64url'),
      startMs / 1000,
    ],
  )
})

test('the token endpoint gets the nonce that it asks for, at once', async (context) => {
  const kit = await tokenKit(context)
  kit.server.answer = ({ headers }) => {
    const [, payload = ''] = String(headers['dpop']).split('.')
    const { nonce } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { nonce?: string }
    return nonce === 'n1'
      ? tokens(kit.server, token)
      : { status: 400, headers: { 'dpop-nonce': 'n1' }, body: { error: 'use_dpop_nonce' } }
  }
  const source = kit.make(config)
  await sent(source)
  assert.equal(kit.server.received.length, 2)
  kit.nowMs += 3_600_000
  await sent(source)
  assert.equal(kit.server.received.length, 3)
})

test('an endpoint that asks for the same nonce for ever gets two requests', async (context) => {
  const kit = await tokenKit(context)
  const answer = { status: 400, headers: { 'dpop-nonce': 'n1' }, body: { error: 'use_dpop_nonce' } }
  kit.server.answer = () => answer
  assert.equal((await kit.make(config).credential(need)).ok, false)
  assert.equal(kit.server.received.length, 2)
})

test('a resource that wants a nonce gets the same token with another proof', async (context) => {
  const kit = await tokenKit(context)
  kit.server.answer = () => tokens(kit.server, token)
  const source = kit.make(config)
  const first = await sent(source)
  const second = await sent(source, refusing(first, { 'dpop-nonce': 'n2' }))
  assert.equal(second.token, first.token)
  assert.equal((await read(second.proof)).payload['nonce'], 'n2')
  assert.equal((await read((await sent(source)).proof)).payload['nonce'], 'n2')
  assert.equal(kit.server.received.length, 1)
})

test('a nonce is not told to another origin, and one that no header can hold is not taken', async (context) => {
  const kit = await tokenKit(context)
  kit.server.answer = () => tokens(kit.server, token)
  const source = kit.make(config)
  const first = await sent(source)
  await sent(source, refusing(first, { 'dpop-nonce': 'n2' }))
  const elsewhere = await sent(source, { method: 'GET', target: 'https://stock.example/' })
  assert.equal((await read(elsewhere.proof)).payload['nonce'], undefined)
  await sent(source, refusing(first, { 'dpop-nonce': 'a "b"' }))
  assert.equal((await read((await sent(source)).proof)).payload['nonce'], 'n2')
})

test('a token that is not bound is not taken for one', async (context) => {
  const kit = await tokenKit(context)
  const bound = await kit.make(config).credential(need)
  assert.equal(!bound.ok && bound.denial.code, 'invalid')
  kit.server.answer = () => tokens(kit.server, token)
  const bare = await kit.make({ ...config, dpop: false }).credential(need)
  assert.equal(!bare.ok && bare.denial.code, 'invalid')
})
