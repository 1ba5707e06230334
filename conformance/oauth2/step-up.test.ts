import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { systemClock } from 'barre/core'
import { jwt } from '../providers/index.ts'
import { assertAdmitted, assertRefused, startService, toWires } from '../harness/service.ts'
import type { Service } from '../harness/service.ts'
import { issueToken } from '../harness/tokens.ts'
import * as transportKits from '../transports/index.ts'
import { createWorld } from '../harness/world.ts'

const world = await createWorld()
const { entry } = await jwt.prepare(world)
const nowSeconds = Math.floor(systemClock() / 1000)

after(() => world.close())

/** What a resource asks for, what the caller's token says, and what is asked in return; nothing: let in. */
const cases: readonly (readonly [resource: string, claims: object, asks: string | undefined])[] = [
  ['strong', { acr: 'gold' }, undefined],
  ['strong', { acr: 'silver' }, 'acr_values="gold platinum"'],
  ['recent', { auth_time: nowSeconds }, undefined],
  ['recent', { auth_time: nowSeconds - 3600 }, 'max_age="300"'],
  ['recent', {}, 'max_age="300"'],
]

for (const wire of toWires(Object.values(transportKits))) {
  describe(`a stronger login on ${wire.name} (RFC 9470)`, () => {
    let service: Service
    before(async () => {
      const resources = {
        strong: { stepUp: { acrValues: ['gold', 'platinum'] } },
        recent: { stepUp: { maxAgeSeconds: 300 } },
      }
      service = await startService(wire, { auth: [entry], resources }, { world })
    })
    after(() => service.close())
    for (const [resource, claims, asks] of cases) {
      test(`${resource} with ${JSON.stringify(Object.keys(claims))}: ${asks ?? 'admitted'}`, async () => {
        const token = await issueToken(world, { customClaims: { ...claims } })
        const sent = { resource, presented: { authorization: [`Bearer ${token}`] } }
        const observed = await service.probe(sent)
        if (asks === undefined) return assertAdmitted(service, observed, { username: 'alice' })
        assertRefused(service, observed, 'insufficient_authentication', sent)
        if (observed.answer.challenges.length === 0) return
        assert.deepEqual(observed.answer.challenges, [
          `Bearer error="insufficient_user_authentication", ${asks}`,
        ])
      })
    }
  })
}
