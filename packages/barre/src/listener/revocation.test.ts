// What was revoked stays refused: before it was ever seen, after it was forgotten, and while a connection lives.
import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { fakeCall } from '../../test/fake-call.ts'
import { fakeServices } from '../../test/fake-services.ts'
import { startOAuthServer } from '../../test/oauth-server.ts'
import { guard, watch } from '../core/index.ts'
import type { Decision, Denial, Provider, Revocation, Services } from '../core/index.ts'
import { createIssuer } from '../jose/index.ts'
import { introspectionKind } from './introspection/introspection.ts'
import { jwtKind } from './jwt/jwt.ts'

const start = 1_800_000_000
const { publicKey, privateKey } = generateKeyPairSync('ed25519')

interface Bench {
  readonly services: Services
  readonly provider: Provider
  /** A new token of Alice, issued so many seconds after the start. */
  readonly issue: (claims?: Record<string, unknown>, afterSeconds?: number) => Promise<string>
  readonly decide: (token: string) => Promise<Decision>
}

type MakeBench = (context: TestContext, isRemembering: boolean) => Promise<Bench>

const jwtBench: MakeBench = async (_context, isRemembering) => {
  let nowMs = start * 1000
  const services = fakeServices(() => nowMs)
  const names = { issuer: 'idp', audience: 'orders' }
  const cacheConfig = isRemembering ? {} : { defaultMaxAge: 0 }
  const config = { ...names, cacheConfig, signatureConfig: { certFile: publicKey } }
  const signatureConfig = { algorithm: 'EdDSA', config: privateKey } as const
  const issuer = createIssuer({ ...names, username: 'alice', signatureConfig }, services, 'issuer')
  const provider = jwtKind.create(jwtKind.shape.check(config, 'auth'), services, 'auth')
  return bench(services, provider, async (claims, afterSeconds) => {
    nowMs = (start + afterSeconds) * 1000
    return issuer.issue({ claims })
  })
}

const introspectionBench: MakeBench = async (context, isRemembering) => {
  const answers = new Map<string, object>()
  const server = await startOAuthServer(({ form }) => ({
    body: answers.get(form.get('token') ?? '') ?? { active: false },
  }))
  context.after(() => server.close())
  let nowMs = start * 1000
  const services = fakeServices(() => nowMs)
  const config = { url: server.url, audience: 'orders', ...(isRemembering && { cacheConfig: {} }) }
  const shape = introspectionKind.shape.check(config, 'auth')
  const provider = introspectionKind.create(shape, services, 'auth')
  return bench(services, provider, async (claims, afterSeconds) => {
    nowMs = (start + afterSeconds) * 1000
    const token = `token${answers.size}`
    const times = { iat: start + afterSeconds, exp: start + afterSeconds + 300 }
    answers.set(token, { active: true, iss: 'idp', sub: 'alice', aud: 'orders', ...times, ...claims })
    return token
  })
}

function bench(
  services: Services,
  provider: Provider,
  issue: (claims: Record<string, unknown>, afterSeconds: number) => Promise<string>,
): Bench {
  const policy = { alternatives: [{ provider, entry: 'auth[0]' }], optional: false }
  return {
    services,
    provider,
    issue: (claims = {}, afterSeconds = 0) => issue(claims, afterSeconds),
    decide: async (token) => guard(policy, fakeCall(`Bearer ${token}`)),
  }
}

const ways: readonly (readonly [claim: string, claims: object, (token: string) => Revocation])[] = [
  ['id', { jti: 'one' }, () => ({ tokenId: 'one' })],
  ['hash', {}, (token) => ({ tokenHash: createHash('sha256').update(token).digest('base64url') })],
  ['subject', {}, () => ({ issuer: 'idp', subject: 'alice' })],
  ['session', { sid: 'session-1' }, () => ({ sessionId: 'session-1' })],
  ['issuer', {}, () => ({ issuer: 'idp' })],
  ['age', {}, () => ({ all: true })],
]

for (const [kind, make] of [
  ['jwtValidatorConfig', jwtBench],
  ['oauth2IntrospectionConfig', introspectionBench],
] as const) {
  for (const isRemembering of [true, false]) {
    const memory = isRemembering ? 'that remembers tokens' : 'that remembers none'
    for (const [way, claims, toRevocation] of ways) {
      test(`${kind} ${memory} refuses a token that was revoked by its ${way} before it came`, async (context) => {
        const { services, provider, issue, decide } = await make(context, isRemembering)
        const [stolen, other] = [
          await issue({ ...claims }),
          await issue({ jti: 'two', sub: 'bob', iss: 'idp' }),
        ]
        services.revocations.revoke(toRevocation(stolen))
        for (const _ of [1, 2]) {
          const decision = await decide(stolen)
          assert.equal(decision.ok ? 'ok' : decision.denial.code, 'invalid')
          assert.equal((await decide(other)).ok, !['issuer', 'age'].includes(way))
        }
        await provider.close?.()
      })

      test(`${kind} ${memory} refuses a token that was revoked by its ${way} after it came`, async (context) => {
        const { services, provider, issue, decide } = await make(context, isRemembering)
        const stolen = await issue({ ...claims })
        const before = await decide(stolen)
        assert.ok(before.ok && before.principal !== undefined)
        const ends: Denial[] = []
        watch(before.principal, (denial) => ends.push(denial), services)
        services.revocations.revoke(toRevocation(stolen))
        assert.equal((await decide(stolen)).ok, false)
        assert.deepEqual(
          ends.map(({ code }) => code),
          ['invalid'],
        )
        await provider.close?.()
      })
    }
  }

  test(`${kind}: a token that was issued after its subject was revoked is good`, async (context) => {
    const { services, provider, issue, decide } = await make(context, true)
    services.revocations.revoke({ subject: 'alice' })
    const [old, newer] = [await issue({}, 0), await issue({}, 1)]
    assert.deepEqual([(await decide(old)).ok, (await decide(newer)).ok], [false, true])
    await provider.close?.()
  })
}

test('a token that its cache has forgotten is refused still', async () => {
  const services = fakeServices(() => start * 1000)
  const names = { issuer: 'idp', audience: 'orders' }
  const config = { ...names, cacheConfig: { capacity: 1 }, signatureConfig: { certFile: publicKey } }
  const signatureConfig = { algorithm: 'EdDSA', config: privateKey } as const
  const issuer = createIssuer({ ...names, username: 'alice', signatureConfig }, services, 'issuer')
  const provider = jwtKind.create(jwtKind.shape.check(config, 'auth'), services, 'auth')
  const { decide } = bench(services, provider, async () => issuer.issue())
  const [stolen, other] = [
    await issuer.issue({ claims: { jti: 'one' } }),
    await issuer.issue({ claims: { jti: 'two' } }),
  ]
  await decide(stolen)
  services.revocations.revoke({ tokenId: 'one' })
  await decide(other)
  assert.equal((await decide(stolen)).ok, false)
  await provider.close?.()
})
