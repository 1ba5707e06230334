import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { credentials, encryptionKey, fleetKit } from '../../../test/fleet-kit.ts'
import type { FleetKit, Member } from '../../../test/fleet-kit.ts'
import { need, obtain, refusing, tokens } from '../../../test/token-kit.ts'
import { redis, serverTest } from '../../../../../tools/servers/index.ts'
import { fakeServices } from '../../../test/fake-services.ts'
import { createOAuth2, grantKind } from './oauth2.ts'
import { fleetLimits } from './shared-tokens.ts'

const services = fakeServices(Date.now)
const requests = (kit: FleetKit): number => kit.server.received.length
const all = (members: readonly Member[]): Promise<readonly string[]> =>
  Promise.all(members.map(({ source }) => obtain(source)))
const says = ({ logged }: Member, what: RegExp): boolean => logged.some(({ message }) => what.test(message))

function fleetTest(claim: string, body: (kit: FleetKit, stop: () => Promise<void>) => Promise<void>): void {
  serverTest(claim, redis, {}, async (running) => {
    const kit = await fleetKit(running.ports['redis'] ?? 0)
    try {
      await body(kit, () => running.stop())
    } finally {
      await kit.close()
    }
  })
}

fleetTest('20 processes that start at once make one token request', async (kit) => {
  const members = kit.members(20)
  assert.deepEqual([new Set(await all(members)), requests(kit)], [new Set(['token1']), 1])
})

fleetTest('a process that starts later asks for nothing', async (kit) => {
  await all(kit.members(1))
  assert.deepEqual([await all(kit.members(3)), requests(kit)], [['token1', 'token1', 'token1'], 1])
})

fleetTest('one process renews, the others take what it got', async (kit) => {
  const members = kit.members(10)
  await all(members)
  kit.nowMs += 100_000
  assert.deepEqual([new Set(await all(members)), requests(kit)], [new Set(['token2']), 2])
})

fleetTest('before its end a token is renewed in the background, by one process', async (kit) => {
  const members = kit.members(10)
  await all(members)
  kit.nowMs += 95_000
  assert.deepEqual(new Set(await all(members)), new Set(['token1']))
  while (new Set(await all(members)).has('token1')) await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([new Set(await all(members)), requests(kit)], [new Set(['token2']), 2])
})

fleetTest('a token that the resource refuses to all of them is replaced once', async (kit) => {
  kit.server.answer = () => tokens(kit.server, { expires_in: 3600 })
  const members = kit.members(10)
  const sent = await Promise.all(members.map(async ({ source }) => source.credential(need)))
  kit.nowMs += 30_000
  const again = members.map(({ source }, index) => {
    const credential = sent[index]
    return obtain(source, credential?.ok === true ? refusing(credential.value) : {})
  })
  assert.deepEqual([new Set(await Promise.all(again)), requests(kit)], [new Set(['token2']), 2])
})

fleetTest('other scopes, audiences and credentials have tokens of their own', async (kit) => {
  const { source } = kit.member()
  const others = [
    { ...credentials, scopes: 'x' },
    { ...credentials, clientSecret: 'secret-2' },
  ]
  const got = [
    await obtain(source),
    await obtain(source, { audience: 'stock' }),
    await obtain(source, { scopes: ['read'] }),
    ...(await all(others.map((config) => kit.member(config)))),
  ]
  assert.deepEqual(got, ['token1', 'token2', 'token3', 'token4', 'token5'])
})

fleetTest('what is stored shows nothing, and opens with no other key', async (kit) => {
  kit.server.answer = () => tokens(kit.server, { refresh_token: 'refresh-1' })
  await all([
    kit.member({
      ...credentials,
      username: 'alice',
      password: 'pass-1',
      refreshConfig: 'INFER_REFRESH_CONFIG',
    }),
  ])
  const stored = JSON.stringify(await kit.stored())
  const decoded = stored + Buffer.from(stored, 'base64').toString('latin1')
  for (const secret of ['token1', 'refresh-1', 'secret-1', 'pass-1', 'alice', encryptionKey]) {
    assert.equal(decoded.includes(secret), false, secret)
  }
  const other = { store: kit.store, encryptionKey: randomBytes(32).toString('base64') }
  assert.deepEqual(await all([kit.member({ ...credentials, sharedTokens: other })]), ['token2'])
})

const rotating = { refreshUrl: '', refreshToken: 'r0', clientId: 'orders', clientSecret: 'secret-1' }

/** A server that takes each refresh token once, and revokes everything when one comes again. */
function rotate(kit: FleetKit): { good: string; reused: number } {
  const state = { good: 'r0', reused: 0 }
  kit.server.answer = ({ form }) => {
    if (form.get('refresh_token') !== state.good) {
      state.reused++
      return { status: 400, body: { error: 'invalid_grant' } }
    }
    state.good = `r${requests(kit)}`
    return tokens(kit.server, { refresh_token: state.good })
  }
  return state
}

fleetTest('a refresh token that is replaced at each use is used once, whoever uses it', async (kit) => {
  const state = rotate(kit)
  const members = kit.members(8, rotating)
  for (let round = 1; round <= 4; round++) {
    assert.deepEqual(new Set(await all(members)), new Set([`token${round}`]))
    kit.nowMs += 100_000
  }
  assert.deepEqual([state.reused, requests(kit)], [0, 4])
  // One for all audiences, and for a process that starts anew with the one that was configured.
  const audiences = ['a', 'b', 'c'].flatMap((audience) =>
    members.map(({ source }) => obtain(source, { audience })),
  )
  assert.equal(new Set(await Promise.all(audiences)).size, 3)
  const late = await Promise.all(
    kit.members(3, rotating).map(({ source }) => obtain(source, { audience: 'd' })),
  )
  assert.deepEqual([late.every((token) => token.startsWith('token')), state.reused], [true, 0])
})

fleetTest('a refresh token that came with a token is shared too', async (kit) => {
  const grants: (string | null)[] = []
  kit.server.answer = ({ form }) => {
    grants.push(form.get('grant_type'))
    return tokens(kit.server, { refresh_token: `r${requests(kit)}` })
  }
  const password = { ...credentials, username: 'a', password: 'b', refreshConfig: 'INFER_REFRESH_CONFIG' }
  const [one, two] = [kit.member(password), kit.member(password)]
  await all([one])
  kit.nowMs += 100_000
  await all([two])
  assert.deepEqual(grants, ['password', 'refresh_token'])
  assert.equal(kit.server.received[1]?.form.get('refresh_token'), 'r1')
})

fleetTest('an entry that cannot be read is replaced, and said to be', async (kit) => {
  await all(kit.members(1))
  const poison = ['garbage', '', 'x'.repeat(200_001), randomBytes(200).toString('base64')]
  for (const [index, text] of poison.entries()) {
    for (const [key] of await kit.stored()) await kit.client.set(key, text)
    const members = kit.members(3)
    assert.deepEqual(new Set(await all(members)), new Set([`token${index + 2}`]))
    assert.ok(members.some((member) => says(member, /cannot be read/)))
  }
  assert.deepEqual(await all(kit.members(1)), [`token${poison.length + 1}`])
})

fleetTest('an entry that was put in the place of another does not open', async (kit) => {
  const [one, two] = [kit.member(), kit.member({ ...credentials, scopes: 'admin' })]
  await all([two])
  const [[, admin] = ['', '']] = await kit.stored()
  await all([one])
  for (const [key] of await kit.stored()) await kit.client.set(key, admin)
  // Only the one that it was written for takes it.
  assert.deepEqual(await all([kit.member(), kit.member({ ...credentials, scopes: 'admin' })]), [
    'token3',
    'token1',
  ])
})

fleetTest('without its store each process goes on alone, and says so', async (kit, stop) => {
  const [one, two] = [kit.member(), kit.member()]
  await all([one, two])
  await stop()
  kit.nowMs += 100_000
  assert.deepEqual(new Set(await all([one, two])), new Set(['token2', 'token3']))
  assert.ok([one, two].every((member) => says(member, /goes on alone/)))
})

fleetTest('a store that comes back is used again', async (kit) => {
  const [one, two] = [kit.member(), kit.member()]
  await all([one, two])
  kit.isReadOnly = true
  kit.nowMs += 100_000
  await all([one, two])
  assert.equal(requests(kit), 3)
  kit.isReadOnly = false
  kit.nowMs += 100_000
  await all([one, two])
  assert.equal(requests(kit), 4)
})

fleetTest('a successor that was obtained without the store wins over an older one in it', async (kit) => {
  const state = rotate(kit)
  const [one, two] = [kit.member(rotating), kit.member(rotating)]
  await all([one, two])
  kit.isReadOnly = true
  kit.nowMs += 100_000
  await all([one])
  kit.isReadOnly = false
  kit.nowMs += 100_000
  await all([one])
  await all([two])
  assert.equal(state.reused, 0)
})

fleetTest('a store that never answers costs one second', async (kit) => {
  const silent = { get: () => new Promise<never>(() => {}), swap: () => new Promise<never>(() => {}) }
  const member = kit.member(credentials, silent)
  assert.equal(await obtain(member.source), 'token1')
  assert.ok(member.logged.some(({ fields }) => /no answer within 1000 ms/.test(String(fields['reason']))))
})

fleetTest('a store that keeps failing is left alone', async (kit) => {
  let asked = 0
  const failing = async (): Promise<never> => {
    asked++
    throw new Error('down')
  }
  const { source } = kit.member(credentials, { get: failing, swap: failing })
  for (let audience = 0; audience < 10; audience++) await obtain(source, { audience: `a${audience}` })
  assert.deepEqual([asked, requests(kit)], [5, 10])
})

for (const [claim, config, expected] of [
  ['asks for itself', credentials, 'token1'],
  ['does not use a refresh token that another may be using', rotating, 'unavailable'],
] as const) {
  fleetTest(`a process that has waited long enough for another ${claim}`, async (kit) => {
    let polls = 0
    const stuck = {
      get: async () => {
        polls++
        return undefined
      },
      swap: async () => false,
    }
    assert.equal(await obtain(kit.member(config, stuck).source), expected)
    assert.equal(polls, fleetLimits.polls)
  })
}

fleetTest('a turn ends by itself: who died in it stops the others for seconds only', async (kit) => {
  const lives: number[] = []
  const watched = {
    ...kit.store,
    swap: (...args: Parameters<typeof kit.store.swap>) => {
      if (args[0].startsWith('lock:') && args[2] !== undefined) lives.push(args[3])
      return kit.store.swap(...args)
    },
  }
  await all([kit.member(credentials, watched)])
  assert.deepEqual(lives, [15_000])
  assert.equal((await kit.stored()).length, 1)
})

fleetTest("a refusal is nobody else's", async (kit) => {
  kit.server.answer = () => ({ status: 401, body: { error: 'invalid_client' } })
  assert.deepEqual(await all(kit.members(2)), ['invalid', 'invalid'])
  assert.deepEqual(await kit.stored(), [])
})

const { privateKey } = generateKeyPairSync('ed25519')

/** A client that proves itself with a key, or with a signer that only this process has. */
function signing(config: unknown): object {
  const signatureConfig = { algorithm: 'Ed25519', config }
  return {
    tokenUrl: '',
    clientId: 'orders',
    clientAssertion: { audience: 'https://as.example', signatureConfig },
  }
}

fleetTest('keys of a configuration are compared by what they are', async (kit) => {
  const [one, two] = [kit.member(signing(privateKey)), kit.member(signing(privateKey))]
  assert.deepEqual([await all([one]), await all([two])], [['token1'], ['token1']])
  const other = generateKeyPairSync('ed25519').privateKey
  assert.deepEqual(await all([kit.member(signing(other))]), ['token2'])
})

fleetTest('what cannot be compared needs a name', async (kit) => {
  const signer = { algorithm: 'Ed25519', sign: () => randomBytes(64) }
  const refused = { name: 'ConfigError', path: 'oauth2.sharedTokens.name' }
  assert.throws(() => kit.member(signing(signer)), refused)
  const sharedTokens = { store: kit.store, encryptionKey, name: 'orders of production' }
  const [one, two] = [1, 2].map(() => kit.member({ ...signing({ ...signer }), sharedTokens }))
  assert.deepEqual([await all([one as Member]), await all([two as Member])], [['token1'], ['token1']])
})

const shared = { store: { get: async () => undefined, swap: async () => true }, encryptionKey }
const mistakes: [claim: string, config: object, path: string][] = [
  ['a key of another size', { sharedTokens: { ...shared, encryptionKey: 'AAAA' } }, '.encryptionKey'],
  ['something else than a store', { sharedTokens: { ...shared, store: {} } }, '.store'],
  ['tokens bound to a key of this process', { sharedTokens: shared, dpop: true }, ''],
]
for (const [claim, more, member] of mistakes) {
  test(`refuses ${claim} at start`, () => {
    const config = { ...credentials, tokenUrl: 'https://as.example/token', ...more }
    const make = () => createOAuth2(grantKind.shape.check(config, 'oauth2'), services, 'oauth2')
    assert.throws(make, { name: 'ConfigError', path: `oauth2.sharedTokens${member}` })
  })
}
