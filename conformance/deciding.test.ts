import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { DenialCode } from 'barre/core'
import { Cells } from './harness/cells.ts'
import type { Presented } from './harness/kit.ts'
import { fileUserStore, jwt } from './providers/index.ts'
import { detail, retryAfterSeconds, scripted } from './harness/scripted.ts'
import { assertAdmitted, assertRefused, schemesOf, startService, toWires } from './harness/service.ts'
import type { Service } from './harness/service.ts'
import { endedAnHourAgo, issueToken } from './harness/tokens.ts'
import * as transportKits from './transports/index.ts'
import { createWorld } from './harness/world.ts'

const world = await createWorld()
const wires = toWires(Object.values(transportKits))
const cells = new Cells('rule of deciding', 'wire')

/** From the verdict that hides all others to the one that says least. */
const bySeverity: readonly DenialCode[] = [
  'unavailable',
  'throttled',
  'insufficient_scope',
  'insufficient_authentication',
  'malformed',
  'expired',
  'invalid',
  'missing',
]

/** What two entries do, and which of them lets in. */
const admitted: readonly (readonly [words: string, entry: string])[] = [
  ['good.good', 'auth[0]'],
  ['slow-good.good', 'auth[0]'],
  ['silent.good', 'auth[1]'],
  ['poor.good', 'auth[1]'],
  ['slow-poor.slow-good', 'auth[1]'],
  ['throws.good', 'auth[1]'],
  ...bySeverity.map((code) => [`${code}.good`, 'auth[1]'] as const),
]

const refused: readonly (readonly [
  words: string | undefined,
  code: DenialCode,
  entry: string | undefined,
])[] = [
  [undefined, 'missing', undefined],
  ['silent.silent', 'invalid', undefined],
  ['poor.silent', 'insufficient_scope', 'auth[0]'],
  ['poor.invalid', 'insufficient_scope', 'auth[0]'],
  ['unavailable.poor', 'unavailable', 'auth[0]'],
  ['throws.silent', 'unavailable', 'auth[0]'],
  ['slow-throws.silent', 'unavailable', 'auth[0]'],
  ['nothing.silent', 'unavailable', 'auth[0]'],
  ['slow-nothing.silent', 'unavailable', 'auth[0]'],
]

for (const wire of wires) {
  describe(`two entries on ${wire.name}`, () => {
    const providers = [scripted(0), scripted(1)] as const
    let service: Service
    const call = async (words: string | undefined) => {
      const sent = { resource: 'plain', presented: words === undefined ? {} : bearer(words) }
      return { sent, observed: await service.probe(sent) }
    }
    before(async () => {
      const auth = providers.map((provider) => ({ provider, scopes: ['orders'] }))
      service = await startService(wire, { auth, resources: { plain: 'service' } }, { world })
    })
    after(() => service.close())

    for (const [words, entry] of admitted) {
      cells.add(words, wire.name)
      test(`${words} is let in by ${entry}`, async () => {
        const { observed } = await call(words)
        assertAdmitted(service, observed, { entry, username: 'good' })
        assert.equal(observed.answer.metadata('x-proof'), 'seen')
      })
    }
    for (const [words, code, entry] of refused) {
      cells.add(String(words), wire.name)
      test(`${words ?? 'no credential'} is refused as ${code} by ${entry ?? 'no entry'}`, async () => {
        const { sent, observed } = await call(words)
        assertRefused(service, observed, code, sent)
        assert.equal(observed.decision?.entry, entry)
        assert.ok(!observed.answer.text.includes(detail))
      })
    }
    for (const pace of ['', 'slow-']) {
      for (const [severity, worse] of bySeverity.entries()) {
        test(`${pace}${worse} hides each lesser verdict, whichever comes first`, async () => {
          for (const lesser of bySeverity.slice(severity)) {
            for (const words of [`${pace}${worse}.${lesser}`, `${lesser}.${pace}${worse}`]) {
              cells.add(words, wire.name)
              const { sent, observed } = await call(words)
              assertRefused(service, observed, worse, sent)
              const isFirst = worse === lesser || words.startsWith(pace + worse)
              assert.equal(observed.decision?.entry, isFirst ? 'auth[0]' : 'auth[1]', words)
            }
          }
        })
      }
    }
    for (const code of ['throttled', 'unavailable'] as const) {
      cells.add(`${code} says when`, wire.name)
      test(`${code} says when to come again`, async () => {
        const { observed } = await call(`${code}.silent`)
        assert.equal(observed.answer.metadata('retry-after'), String(retryAfterSeconds))
      })
    }
    cells.add('metadata of a refusal', wire.name)
    test('a refusal carries the metadata of its entry', async () => {
      const { observed } = await call('silent.invalid')
      assert.equal(observed.answer.metadata('x-proof'), 'seen')
    })
    cells.add('scopes in the challenge', wire.name)
    test('a caller out of scope is told the scopes', async () => {
      const { observed } = await call('silent.poor')
      assert.deepEqual(observed.answer.challenges, [
        'Bearer realm="1", error="insufficient_scope", scope="orders"',
      ])
    })
    cells.add('an entry too many', wire.name)
    test('an entry after the one that lets in is not asked', async () => {
      const asked = providers[1].asked.length
      await call('good.good')
      assert.equal(providers[1].asked.length, asked)
    })
  })

  describe(`three kinds of entry on ${wire.name}`, async () => {
    const [token, store] = await Promise.all([jwt.prepare(world), fileUserStore.prepare(world)])
    const other = { issuer: 'https://other.example' }
    const auth = [
      { jwtValidatorConfig: { audience: 'orders', ...other, signatureConfig: down() } },
      token.entry,
      store.entry,
    ]
    const ofOther = await issueToken(world, other)
    const expired = await issueToken(world, { customClaims: endedAnHourAgo() })
    const password = store.cases.find(({ outcome }) => outcome === 'good')!.presented
    let service: Service
    before(async () => {
      service = await startService(wire, { auth, resources: { plain: 'service' } }, { world })
    })
    after(() => service.close())

    const lets: readonly (readonly [claim: string, presented: Presented, entry: string])[] = [
      [
        'a token passes an entry of another issuer, though its keys are out of reach',
        bearer(await issueToken(world)),
        'auth[1]',
      ],
      ['a password passes two entries for tokens', password, 'auth[2]'],
    ]
    for (const [claim, presented, entry] of lets) {
      cells.add(claim, wire.name)
      test(claim, async () => {
        assertAdmitted(service, await service.probe({ resource: 'plain', presented }), {
          entry,
          username: 'alice',
        })
      })
    }
    const refuses: readonly (readonly [
      string,
      Presented,
      DenialCode,
      string | undefined,
      readonly string[],
    ])[] = [
      ['nobody is asked once by each scheme', {}, 'missing', undefined, ['bearer', 'basic']],
      [
        'a bad token is asked by its own scheme first',
        bearer('abc'),
        'invalid',
        'auth[0]',
        ['bearer', 'basic'],
      ],
      [
        'a bad password is asked by its own scheme first',
        { authorization: ['Basic YWxpY2U6eA=='] },
        'invalid',
        'auth[2]',
        ['basic', 'bearer'],
      ],
      [
        "an outage at one issuer does not hide what is wrong with another's token",
        bearer(expired),
        'expired',
        'auth[1]',
        ['bearer', 'basic'],
      ],
      ['the token of an issuer out of reach has to wait', bearer(ofOther), 'unavailable', 'auth[0]', []],
      [
        'a scheme that no entry knows is a bad credential',
        { authorization: ['Digest abc'] },
        'invalid',
        undefined,
        ['bearer', 'basic'],
      ],
      [
        'an empty value is a bad credential',
        { authorization: [''] },
        'invalid',
        undefined,
        ['bearer', 'basic'],
      ],
      [
        'two kinds of credential are one too many',
        { authorization: [...(password.authorization ?? []), 'Bearer abc'] },
        'malformed',
        'auth[0]',
        ['bearer', 'basic'],
      ],
    ]
    for (const [claim, presented, code, entry, schemes] of refuses) {
      cells.add(claim, wire.name)
      test(claim, async () => {
        const sent = { resource: 'plain', presented }
        const observed = await service.probe(sent)
        assertRefused(service, observed, code, sent)
        assert.equal(observed.decision?.entry, entry)
        assert.deepEqual(schemesOf(observed.answer), schemes)
      })
    }
  })
}

after(() => world.close())
cells.report()

function bearer(token: string): Presented {
  return { authorization: [`Bearer ${token}`] }
}

function down() {
  return { jwksConfig: { url: world.deadUrl } }
}
