import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileAuth, createServices } from '../../auth/index.ts'
import { ConfigError, denialCodes, refuse } from '../../core/index.ts'
import type { Refusal } from '../../core/index.ts'
import { namedTokens } from '../../../test/http-wire.ts'
import { toSettings } from '../http/index.ts'
import { methodPolicies, refusalMetadata, rpcStatuses } from './index.ts'

const rules = compileAuth([{ provider: namedTokens() }], createServices())

test('the row of a method counts before that of its service, and that before the auth of the server', () => {
  const table = { 'a.A': false, 'a.A/Kept': true, 'a.A/Scoped': { scopes: 'write' } } as const
  const policies = methodPolicies(rules, toSettings({}), table)
  assert.equal(policies.policyOf('a.A', 'Any'), undefined)
  assert.equal(policies.policyOf('a.A', 'Kept'), policies.policyOf('b.B', 'Any'))
  assert.deepEqual(policies.policyOf('a.A', 'Scoped')?.alternatives[0]?.scopes, 'write')
  policies.check()
})

test('a row whose method was not added is an error that names it', () => {
  const policies = methodPolicies(rules, toSettings({}), { 'a.A/Palce': false })
  policies.policyOf('a.A', 'Place')
  assert.throws(
    () => policies.check(),
    (error) => error instanceof ConfigError && error.path === "resources['a.A/Palce']",
  )
})

test('every denial has a status, and asks only where another credential helps', () => {
  for (const code of denialCodes) {
    const refusal: Refusal = {
      ...refuse(code, 'secret'),
      challenges: ['Bearer', 'Basic\n'],
      reply: [['x', 'y']],
    }
    const isOver = code === 'throttled' || code === 'unavailable'
    const expected = isOver
      ? code === 'throttled'
        ? ['retry-after', '1']
        : []
      : ['www-authenticate', 'Bearer']
    assert.deepEqual(refusalMetadata(refusal).flat(), ['x', 'y', ...expected])
    assert.ok(rpcStatuses[code][0] > 0)
  }
})
