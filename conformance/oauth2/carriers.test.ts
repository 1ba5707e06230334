import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { allowQueryToken } from 'barre/core'
import type { DenialCode } from 'barre/core'
import { assertAdmitted, assertRefused, startService, toWires } from '../harness/service.ts'
import type { Service } from '../harness/service.ts'
import { issueToken } from '../harness/tokens.ts'
import * as transportKits from '../transports/index.ts'
import { audience, createWorld, issuer } from '../harness/world.ts'

const world = await createWorld()
const good = await issueToken(world)
const jwtValidatorConfig = { issuer, audience, signatureConfig: { jwksConfig: { url: world.jwksUrl } } }
/** `lenient` names the option, `strict` does not. */
const resources = {
  lenient: [{ jwtValidatorConfig: { ...jwtValidatorConfig, [allowQueryToken]: true } }],
  strict: [{ jwtValidatorConfig }],
} as const

after(() => world.close())

const cases: readonly (readonly [
  claim: string,
  resource: keyof typeof resources,
  header: string | undefined,
  query: string,
  verdict: 'admitted' | DenialCode,
])[] = [
  ['a token in the query', 'lenient', undefined, `?access_token=${good}`, 'admitted'],
  ['its name escaped', 'lenient', undefined, `?x=1&%61ccess_token=${good}`, 'admitted'],
  ['a bad token in the query', 'lenient', undefined, `?access_token=${good}x`, 'invalid'],
  ['what is no token', 'lenient', undefined, '?access_token=a%20b', 'malformed'],
  ['two in the query', 'lenient', undefined, `?access_token=${good}&access_token=${good}`, 'malformed'],
  ['a header beside it', 'lenient', `Bearer ${good}`, `?access_token=${good}`, 'malformed'],
  ['another scheme beside it', 'lenient', 'Basic YWxpY2U6eA==', `?access_token=${good}`, 'malformed'],
  ['a query that nobody asked for', 'strict', undefined, `?access_token=${good}`, 'missing'],
  ['a header beside that', 'strict', `Bearer ${good}`, `?access_token=${good}`, 'malformed'],
  ['a header alone', 'strict', `Bearer ${good}`, '?access=1', 'admitted'],
]

for (const wire of toWires(Object.values(transportKits))) {
  // An RPC has no query of its caller's.
  if (wire.kit.publicOrigin === undefined || wire.kit.folder === 'connect') continue
  describe(`one carrier per call on ${wire.name} (RFC 6750)`, () => {
    let service: Service
    before(async () => {
      service = await startService(wire, { auth: resources.strict, resources }, { world })
    })
    after(() => service.close())
    for (const [claim, resource, header, query, verdict] of cases) {
      test(`${claim}: ${verdict}`, async () => {
        const presented = header === undefined ? {} : { authorization: [header] }
        const sent = { resource, presented, query }
        const observed = await service.probe(sent)
        if (verdict !== 'admitted') return assertRefused(service, observed, verdict, sent)
        assertAdmitted(service, observed, { username: 'alice' })
        if (header === undefined) assert.equal(observed.answer.metadata('cache-control'), 'private')
      })
    }
  })
}
