import assert from 'node:assert/strict'
import { test } from 'node:test'
import { denialCodes } from '../../core/index.ts'
import type { DenialCode, Refusal } from '../../core/index.ts'
import { phrase } from './refusal.ts'

const statuses: Readonly<Record<DenialCode, number>> = {
  missing: 401,
  invalid: 401,
  expired: 401,
  insufficient_authentication: 401,
  insufficient_scope: 403,
  malformed: 400,
  throttled: 429,
  unavailable: 503,
}

function refusal(
  code: DenialCode,
  challenges: readonly string[],
  more: Partial<Refusal['denial']> = {},
): Refusal {
  return { ok: false, denial: { code, detail: 'secret detail', ...more }, challenges, reply: [] }
}

for (const code of denialCodes) {
  test(`${code} is ${statuses[code]}, and its detail is not told`, () => {
    const said = phrase(refusal(code, ['Basic realm="a"', 'Bearer']))
    assert.equal(said.status, statuses[code])
    assert.ok(!JSON.stringify(said).includes('detail'))
    const challenges = said.headers.filter(([name]) => name === 'www-authenticate')
    assert.equal(challenges.length, said.status < 429 ? 2 : 0)
  })
}

test('a 401 that could ask for nothing is a 403', () => {
  assert.equal(phrase(refusal('missing', [])).status, 403)
  assert.equal(phrase(refusal('missing', [])).body, '{"error":"forbidden"}')
})

function retryAfter(retryAfterSeconds?: number): string | undefined {
  const { headers } = phrase(
    refusal('throttled', [], retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  )
  return headers.find(([name]) => name === 'retry-after')?.[1]
}

test('Retry-After is a whole number of seconds, at least 1, and always there with 429', () => {
  assert.deepEqual([retryAfter(), retryAfter(0), retryAfter(1.2), retryAfter(30)], ['1', '1', '2', '30'])
})

test('a challenge or reply that would break out of its header is left out', () => {
  const said = phrase({
    ...refusal('invalid', ['Bearer x="\r\nset-cookie: a=b"', 'Basic']),
    reply: [['x-a', 'b\n']],
  })
  assert.deepEqual(
    said.headers.filter(([name]) => name === 'www-authenticate' || name === 'x-a'),
    [['www-authenticate', 'Basic']],
  )
})
