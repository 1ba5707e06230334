import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { beforeEach, describe, test } from 'node:test'
import { fakeServices } from '../../../test/fake-services.ts'
import { compileAuth } from '../../auth/index.ts'
import { guard } from '../../core/index.ts'
import type { Call, Delivery, Provider } from '../../core/index.ts'
import { createIssuer } from '../../jose/index.ts'
import { envelopeKind } from './envelope.ts'
import type { EnvelopeConfig } from './config.ts'

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const startMs = 1_800_000_000_000
const body = Buffer.from('one cup')
const digest = (of: Uint8Array): string => createHash('sha256').update(of).digest('base64url')
let nowMs: number
const services = fakeServices(() => nowMs)

beforeEach(() => {
  nowMs = startMs
})

function make(more: Partial<EnvelopeConfig> = {}): Provider {
  const config = { issuer: 'orders', signatureConfig: { certFile: publicKey }, ...more }
  return envelopeKind.create(envelopeKind.shape.check(config, 'envelope'), services, 'envelope')
}

function sign(claims: Record<string, unknown> = {}, typ = 'message+jwt'): string {
  const config = {
    issuer: 'orders',
    username: 'alice',
    signatureConfig: { algorithm: 'EdDSA', config: privateKey },
  } as const
  const issuer = createIssuer(config, services, 'issuer', typ)
  return issuer.issue({
    claims: { aud: 'topic', jti: 'one', digest: digest(body), scope: 'send', ...claims },
  }) as string
}

function toCall(envelope: string, more: Partial<Call> = {}): Call {
  return {
    method: 'CONSUME',
    target: 'topic',
    signal: new AbortController().signal,
    peer: { encrypted: false },
    metadata: (name) => (name === 'authorization' ? [`Envelope ${envelope}`] : []),
    payload: () => body,
    delivery: { id: 'topic/0/1', again: false },
    ...more,
  }
}

async function decide(provider: Provider, call: Call): Promise<string> {
  const decision = await guard({ alternatives: [{ provider, entry: 'auth[0]' }], optional: false }, call)
  return decision.ok
    ? `${decision.principal?.username} ${[...(decision.principal?.scopes ?? [])].join()}`
    : decision.denial.code
}

test('an envelope names the sender of its message', async () => {
  assert.equal(await decide(make(), toCall(sign())), 'alice send')
})

function bytes(text: string): () => Uint8Array {
  return () => Buffer.from(text)
}

describe('an envelope is refused', () => {
  for (const [claim, envelope, more, code] of [
    ['over another body', () => sign(), { payload: bytes('two cups') }, 'invalid'],
    ['over no body', () => sign({ digest: undefined }), {}, 'invalid'],
    ['for another target', () => sign(), { target: 'topic2' }, 'invalid'],
    ['for several targets', () => sign({ aud: ['topic', 'topic2'] }), {}, 'invalid'],
    ['on a wire without messages', () => sign(), { payload: undefined }, 'invalid'],
    ['that is an access token', () => sign({}, 'JWT'), {}, 'invalid'],
    ['of another issuer', () => sign({ iss: 'stock' }), {}, 'invalid'],
    ['without a sender', () => sign({ sub: '' }), {}, 'invalid'],
    ['without iat', () => sign({ iat: undefined }), {}, 'invalid'],
    ['without jti', () => sign({ jti: undefined }), {}, 'invalid'],
    ['with a jti past the limit', () => sign({ jti: 'x'.repeat(257) }), {}, 'invalid'],
    ['that has ended', () => sign({ exp: startMs / 1000 - 11 }), {}, 'expired'],
    ['that is too old', () => sign({ iat: startMs / 1000 - 301, nbf: 0 }), {}, 'expired'],
    ['that is no token', () => 'abc', {}, 'invalid'],
    ['that is two', () => 'a b', {}, 'malformed'],
  ] as const) {
    test(claim, async () => {
      assert.equal(await decide(make(), toCall(envelope(), more as Partial<Call>)), code)
    })
  }
})

test('a jti as long as may be, and an age as great as may be, are accepted', async () => {
  const envelope = sign({ jti: 'x'.repeat(256), iat: startMs / 1000 - 300, nbf: 0 })
  assert.equal(await decide(make(), toCall(envelope)), 'alice send')
})

test("the broker's time counts where it is trusted: the envelope held when it was sent", async () => {
  const envelope = sign()
  nowMs += 400_000
  assert.equal(await decide(make(), toCall(envelope)), 'expired')
  assert.equal(await decide(make(), toCall(envelope, { madeAtMs: startMs + 1000 })), 'alice send')
})

describe('a second look at an envelope', () => {
  const first: Delivery = { id: 'topic/0/1', again: false }
  const nameless: Delivery = { again: false }
  for (const [claim, one, two, expected] of [
    ['at a copy', first, { id: 'topic/0/2', again: false }, 'invalid'],
    ['at a copy that was delivered before', first, { id: 'topic/0/2', again: true }, 'invalid'],
    ['at the same place', first, { id: 'topic/0/1', again: false }, 'alice send'],
    ['at a copy, where the broker has no names', nameless, { again: false }, 'invalid'],
    ['at what the broker delivers again', nameless, { again: true }, 'alice send'],
    ['while the message is judged once more', nameless, nameless, 'alice send'],
  ] as const) {
    test(`${claim}: ${expected}`, async () => {
      const [provider, envelope] = [make(), sign()]
      assert.equal(await decide(provider, toCall(envelope, { delivery: one })), 'alice send')
      assert.equal(await decide(provider, toCall(envelope, { delivery: two })), expected)
    })
  }

  test('is remembered until the envelope is too old anyway', async () => {
    const [provider, envelope] = [make(), sign({ exp: startMs / 1000 + 9999 })]
    const copy = { delivery: { id: 'topic/0/2', again: false } }
    assert.equal(await decide(provider, toCall(envelope)), 'alice send')
    nowMs += 299_999
    assert.equal(await decide(provider, toCall(envelope, copy)), 'invalid')
    nowMs += 2
    assert.equal(await decide(provider, toCall(envelope, copy)), 'expired')
  })

  test('is remembered as long as a clock that is ahead makes it last', async () => {
    const ahead = startMs / 1000 + 300
    const provider = make({ clockSkew: 300 })
    const envelope = sign({ iat: ahead, nbf: ahead, exp: startMs / 1000 + 9999 })
    const copy = { delivery: { id: 'topic/0/2', again: false } }
    assert.equal(await decide(provider, toCall(envelope)), 'alice send')
    nowMs += 600_000
    assert.equal(await decide(provider, toCall(envelope, copy)), 'invalid')
  })
})

function at(id: number): Call {
  return toCall(sign({ jti: `${id}` }), { delivery: { id: `${id}`, again: false } })
}

test('as many envelopes are remembered as configured; one past it has to wait', async () => {
  const provider = make({ replayCapacity: 2 })
  assert.equal(await decide(provider, at(1)), 'alice send')
  assert.equal(await decide(provider, at(2)), 'alice send')
  assert.equal(await decide(provider, at(3)), 'throttled')
  nowMs += 899_999
  assert.equal(await decide(provider, at(3)), 'throttled')
  nowMs += 1
  assert.equal(await decide(provider, at(3)), 'alice send')
})

test('senders do not share names: the same jti of another sender is another envelope', async () => {
  const provider = make()
  assert.equal(await decide(provider, toCall(sign())), 'alice send')
  const other = toCall(sign({ sub: 'bob' }), { delivery: { id: 'topic/0/2', again: false } })
  assert.equal(await decide(provider, other), 'bob send')
})

test('an envelope is no access token', async () => {
  const validator = { issuer: 'orders', audience: 'topic', signatureConfig: { certFile: publicKey } }
  const rules = compileAuth([{ jwtValidatorConfig: validator }], services)
  const call = toCall('', { metadata: () => [`Bearer ${sign()}`] })
  const decision = await guard(rules.policyFor(undefined, 'auth')!, call)
  assert.equal(!decision.ok && decision.denial.code, 'invalid')
  await rules.close()
})
