import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeCall } from '../../test/fake-call.ts'
import { allowQueryToken } from '../core/index.ts'
import { readToken } from './token-carrier.ts'

const named = { [allowQueryToken]: true }
const both = 'a token in the query beside another credential'

/** What is read: nothing, a token with its scheme, or the code of the refusal. */
function read(
  authorization: readonly string[],
  query: readonly string[],
  options: object = {},
  takesDpop = true,
): string | undefined {
  const call = {
    ...fakeCall(authorization),
    parameters: (name: string) => (name === 'access_token' ? query : []),
  }
  const result = readToken(call, options, takesDpop)
  if (result === undefined) return undefined
  return result.ok
    ? `${result.value.scheme} ${result.value.token}`
    : `${result.denial.code}: ${result.denial.detail}`
}

const cases: [claim: string, found: string | undefined, expected: string | undefined][] = [
  ['a header', read(['Bearer abc'], []), 'Bearer abc'],
  ['a scheme in any case', read(['bEARER abc'], []), 'Bearer abc'],
  ['DPoP', read(['dpop abc'], []), 'DPoP abc'],
  ['DPoP where no proofs are taken', read(['DPoP abc'], [], {}, false), undefined],
  ['another scheme', read(['Basic abc'], []), undefined],
  ['a scheme that begins like ours', read(['DPoPx abc'], []), undefined],
  ['nothing', read([], []), undefined],
  ['two headers', read(['Bearer abc', 'Bearer abc'], []), 'malformed: more than one Authorization value'],
  [
    'two headers of two schemes',
    read(['DPoP a', 'Bearer a'], []),
    'malformed: more than one Authorization value',
  ],
  ['a query, which is not read by default', read([], ['abc']), undefined],
  ['a query that is named', read([], ['abc'], named), 'Bearer abc'],
  ['a header beside a query that is not read', read(['Bearer abc'], ['abc']), `malformed: ${both}`],
  ['a header beside a query that is', read(['Bearer abc'], ['abc'], named), `malformed: ${both}`],
  ['DPoP beside a query', read(['DPoP abc'], ['abc'], named), `malformed: ${both}`],
  ['another scheme beside a query', read(['Basic abc'], ['abc'], named), `malformed: ${both}`],
  ['two in the query', read([], ['abc', 'abc'], named), `malformed: ${both}`],
  ['an empty one in the query', read([], [''], named), 'malformed: broken Bearer credential'],
  ['one with a space', read([], ['a b'], named), 'malformed: broken Bearer credential'],
]

for (const [claim, found, expected] of cases) test(claim, () => assert.equal(found, expected))

test('an answer to a token in the query is for no shared cache', () => {
  const result = readToken({ ...fakeCall(), parameters: () => ['abc'] }, named, false)
  assert.deepEqual(result?.ok === true && result.value.reply, [['cache-control', 'private']])
})
