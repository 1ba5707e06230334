import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { makeProof } from '../../../test/dpop-kit.ts'
import {
  algs,
  attempt,
  badProof,
  claims,
  decide,
  key,
  make,
  method,
  resetWorld,
  target,
  tell,
  thief,
  toCall,
  tokenFor,
  world,
} from '../../../test/dpop-service.ts'
import { guard } from '../../core/index.ts'
import type { Decision, Provider, ReplayStore } from '../../core/index.ts'

beforeEach(resetWorld)

test('a proof is used once (§11.1), also by another entry that takes the token', async () => {
  const token = await tokenFor({ jkt: key.jkt })
  const proof = await makeProof(key, { method, target, token }, world.nowMs)
  const providers = [make(), make({ proofMaxAgeSeconds: 30 })]
  assert.equal(tell(await decide(providers, toCall(`DPoP ${token}`, [proof]))), 'admitted by DPoP')
  assert.equal(tell(await decide(providers, toCall(`DPoP ${token}`, [proof]))), badProof)
  world.nowMs += 69_000
  assert.equal(tell(await decide(providers, toCall(`DPoP ${token}`, [proof]))), badProof)
})

test('two entries may accept one proof within one call', async () => {
  const token = await tokenFor({ jkt: key.jkt })
  const call = toCall(`DPoP ${token}`, [await makeProof(key, { method, target, token }, world.nowMs)])
  const [first, second] = [make(), make({ proofMaxAgeSeconds: 30 })]
  const alternatives = [
    { provider: first, entry: 'auth[0]', scopes: 'admin' },
    { provider: second, entry: 'auth[1]', scopes: 'read' },
  ]
  assert.equal(tell(await guard({ alternatives, optional: false }, call)), 'admitted by DPoP')
})

test('one caller cannot spend the jti of another', async () => {
  const provider = make()
  for (const caller of [thief, key]) {
    const token = await tokenFor({ jkt: caller.jkt })
    const proof = await makeProof(caller, { method, target, token }, world.nowMs, claims({ jti: 'same' }))
    assert.equal(tell(await decide(provider, toCall(`DPoP ${token}`, [proof]))), 'admitted by DPoP')
  }
})

test('a refused proof is not spent: a stranger cannot use up the jti of a caller', async () => {
  const token = await tokenFor({ jkt: key.jkt })
  const [provider, jti] = [make(), 'known to the stranger']
  const forged = await makeProof(key, { method, target, token }, world.nowMs, {
    claims: { jti },
    signer: thief.privateKey,
  })
  assert.equal(tell(await decide(provider, toCall(`DPoP ${token}`, [forged]))), badProof)
  const proof = await makeProof(key, { method, target, token }, world.nowMs, claims({ jti }))
  assert.equal(tell(await decide(provider, toCall(`DPoP ${token}`, [proof]))), 'admitted by DPoP')
})

const stores: [what: string, store: ReplayStore, expected: string][] = [
  ['new', { add: async () => true }, 'admitted by DPoP'],
  ['known', { add: async () => false }, badProof],
  ['out of reach', { add: () => Promise.reject(new Error('down')) }, 'unavailable'],
  [
    'broken',
    {
      add() {
        throw new Error('full')
      },
    },
    'unavailable',
  ],
]
for (const [what, replayStore, expected] of stores) {
  test(`a store of the program's own that says ${what}: ${expected}`, async () => {
    assert.equal(await attempt({}, {}, { replayStore }), expected)
  })
}

test('a store learns a digest, and until when the proof could be used', async () => {
  const added: [string, number][] = []
  const replayStore: ReplayStore = { add: (...entry) => added.push(entry) === 1 }
  await attempt(claims({ jti: 'plain', iat: 1_800_000_010 }), {}, { replayStore })
  assert.match(added[0]?.[0] ?? '', /^[\w-]{43}$/)
  assert.equal(added[0]?.[1], 1_800_000_010_000 + 80_000)
})

async function withNonce(provider: Provider, nonce: string | undefined, iat?: number): Promise<Decision> {
  const token = await tokenFor({ jkt: key.jkt })
  const changed = { ...(nonce !== undefined && { nonce }), ...(iat !== undefined && { iat }) }
  const proof = await makeProof(key, { method, target, token }, world.nowMs, claims(changed))
  return decide(provider, toCall(`DPoP ${token}`, [proof]))
}

test('nonces: asked for, accepted, renewed in time, and never the oldest (§9, §11.3)', async () => {
  const provider = make({ nonces: { lifetimeSeconds: 60 } })
  const asked = await withNonce(provider, undefined)
  assert.equal(tell(asked), `invalid; Bearer; DPoP error="use_dpop_nonce", ${algs}`)
  const [[name, nonce] = []] = asked.reply
  assert.equal(name, 'dpop-nonce')
  assert.match(nonce ?? '', /^[\w-]{43}$/)
  // The nonce tells the time: a wrong clock of the caller does no harm.
  assert.equal(tell(await withNonce(provider, nonce, 1)), 'admitted by DPoP')
  world.nowMs += 60_000
  const renewed = await withNonce(provider, nonce)
  assert.equal(tell(renewed), 'admitted by DPoP')
  assert.notEqual(renewed.reply[0]?.[1], nonce)
  assert.deepEqual((await withNonce(provider, renewed.reply[0]?.[1])).reply, [])
  world.nowMs += 60_000
  assert.match(tell(await withNonce(provider, nonce)), /use_dpop_nonce/)
  assert.match(tell(await withNonce(provider, 'made up')), /use_dpop_nonce/)
})

test('a proof with a nonce is used once for as long as the nonce is taken', async () => {
  const provider = make({ nonces: {} })
  const nonce = (await withNonce(provider, undefined)).reply[0]?.[1]
  const token = await tokenFor({ jkt: key.jkt })
  const proof = await makeProof(key, { method, target, token }, world.nowMs, claims({ nonce }))
  assert.equal(tell(await decide(provider, toCall(`DPoP ${token}`, [proof]))), 'admitted by DPoP')
  world.nowMs += 119_000
  assert.equal(tell(await decide(provider, toCall(`DPoP ${token}`, [proof]))), badProof)
})

test('members of a fleet with one secret take the nonces of each other', async () => {
  const secret = 'a secret of thirty-two bytes ....'
  const nonce = (await withNonce(make({ nonces: { secret } }), undefined)).reply[0]?.[1]
  world.services = { ...world.services, random: (bytes) => new Uint8Array(bytes).fill(7) }
  assert.equal(tell(await withNonce(make({ nonces: { secret } }), nonce)), 'admitted by DPoP')
  assert.match(tell(await withNonce(make({ nonces: {} }), nonce)), /use_dpop_nonce/)
})

test('closing gives the store back', async () => {
  const provider = make()
  const token = await tokenFor({ jkt: key.jkt })
  const proof = await makeProof(key, { method, target, token }, world.nowMs)
  await decide(provider, toCall(`DPoP ${token}`, [proof]))
  await provider.close?.()
  assert.equal(tell(await decide(make(), toCall(`DPoP ${token}`, [proof]))), 'admitted by DPoP')
})
