import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authenticate, guard, ok, toPrincipal } from '../core/index.ts'
import type { Decision, Policy, Provider, Rules } from '../core/index.ts'
import { fakeCall } from '../../test/fake-call.ts'
import { compileAuth } from './compile-auth.ts'
import type { AuthConfig } from './auth-config.ts'
import { createServices } from './services.ts'

const nowSeconds = 1_800_000_000

/** A provider of one caller who has these claims and the scope `read`. */
function whoHas(claims: Readonly<Record<string, unknown>>): Provider {
  return {
    schemes: ['Bearer'],
    read: () => ok('token'),
    verify: () =>
      ok({ principal: toPrincipal({ id: 'a', username: 'a', scheme: 'Bearer', scopes: ['read'], claims }) }),
    challenges: ({ code, parameters }) => [`Bearer ${code} ${JSON.stringify(parameters ?? {})}`],
  }
}

function compile(auth: unknown): Rules {
  return compileAuth(auth as AuthConfig, createServices({ now: () => nowSeconds * 1000 }))
}

function decide(policy: Policy | undefined): Decision {
  assert.ok(policy !== undefined)
  return guard(policy, fakeCall()) as Decision
}

const weak = 'Bearer insufficient_authentication {"acr_values":"gold platinum"}'
const old = 'Bearer insufficient_authentication {"max_age":"300"}'
const both = 'Bearer insufficient_authentication {"acr_values":"gold","max_age":"300"}'

const cases: [claim: string, stepUp: object, claims: object, answer: string][] = [
  ['one of several classes', { acrValues: ['gold', 'platinum'] }, { acr: 'platinum' }, 'admitted'],
  ['another class', { acrValues: ['gold', 'platinum'] }, { acr: 'silver' }, weak],
  ['no class', { acrValues: ['gold', 'platinum'] }, {}, weak],
  ['a part of the name of a class', { acrValues: ['gold', 'platinum'] }, { acr: 'gol' }, weak],
  ['a list where one class belongs', { acrValues: ['gold', 'platinum'] }, { acr: ['gold'] }, weak],
  ['a login just recent enough', { maxAgeSeconds: 300 }, { auth_time: nowSeconds - 300 }, 'admitted'],
  ['a login a second too old', { maxAgeSeconds: 300 }, { auth_time: nowSeconds - 301 }, old],
  ['a login whose time is not told', { maxAgeSeconds: 300 }, {}, old],
  ['a login whose time is text', { maxAgeSeconds: 300 }, { auth_time: String(nowSeconds) }, old],
  ['a login by a clock ahead of ours', { maxAgeSeconds: 300 }, { auth_time: nowSeconds + 10 }, 'admitted'],
  ['a login in the future', { maxAgeSeconds: 300 }, { auth_time: nowSeconds + 11 }, old],
  ['both', { acrValues: 'gold', maxAgeSeconds: 300 }, { acr: 'gold', auth_time: nowSeconds }, 'admitted'],
  ['one of both', { acrValues: 'gold', maxAgeSeconds: 300 }, { acr: 'gold', auth_time: 1 }, both],
]

for (const [claim, stepUp, claims, answer] of cases) {
  test(`${claim}: ${answer}`, () => {
    const entry = { provider: whoHas({ ...claims }) }
    const ofEntry = compile([{ ...entry, stepUp }]).policyFor(undefined, 'route')
    const ofResource = compile([entry]).policyFor({ stepUp }, 'route')
    for (const policy of [ofEntry, ofResource]) {
      const decision = decide(policy)
      assert.equal(decision.ok ? 'admitted' : decision.challenges.join(), answer)
    }
  })
}

test('who lacks a scope is told so, whatever the login', () => {
  const rules = compile([{ provider: whoHas({}), scopes: 'write', stepUp: { acrValues: 'gold' } }])
  const decision = decide(rules.policyFor(undefined, 'route'))
  assert.equal(!decision.ok && decision.denial.code, 'insufficient_scope')
})

test('scopes of a resource leave what its service says about logins as it is', () => {
  const rules = compile([{ provider: whoHas({}), stepUp: { acrValues: 'gold' } }])
  const decision = decide(rules.policyFor({ scopes: 'read' }, 'route'))
  assert.equal(!decision.ok && decision.denial.code, 'insufficient_authentication')
})

test('the first step alone asks for it too', () => {
  const policy = compile([{ provider: whoHas({}), stepUp: { acrValues: 'gold' } }]).policyFor(
    undefined,
    'route',
  )
  assert.ok(policy !== undefined)
  const decision = authenticate(policy, fakeCall()) as Decision
  assert.equal(!decision.ok && decision.denial.code, 'insufficient_authentication')
})

const wrong: [stepUp: unknown, path: string][] = [
  [{}, 'auth[0].stepUp'],
  [undefined, 'auth[0].stepUp'],
  [{ acrValues: [] }, 'auth[0].stepUp.acrValues'],
  [{ acrValues: 'a b' }, 'auth[0].stepUp.acrValues'],
  [{ acrValues: 'a"b' }, 'auth[0].stepUp.acrValues'],
  [{ maxAgeSeconds: -1 }, 'auth[0].stepUp.maxAgeSeconds'],
  [{ acr: 'gold' }, 'auth[0].stepUp.acr'],
]

for (const [stepUp, path] of wrong) {
  test(`stepUp ${JSON.stringify(stepUp)} is a start error`, () => {
    assert.throws(() => compile([{ provider: whoHas({}), stepUp }]), { code: 'config', path })
    const rules = compile([{ provider: whoHas({}) }])
    assert.throws(() => rules.policyFor({ stepUp }, 'auth[0]'), { code: 'config' })
  })
}
