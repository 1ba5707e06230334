import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formMaxParameters, parseForm } from './form.ts'

function parse(body: string): ReturnType<typeof parseForm> {
  return parseForm(Buffer.from(body, 'latin1'))
}

const accepted: [claim: string, body: string, name: string, values: string[]][] = [
  ['undoes escapes, which the old service did not', 'scope=a%26b%3Dc', 'scope', ['a&b=c']],
  ['reads + as a space', 'scope=read+write', 'scope', ['read write']],
  ['reads UTF-8 escapes', 'scope=%C3%A9', 'scope', ['é']],
  ['keeps all after the first =', 'token=a=b=', 'token', ['a=b=']],
  ['treats a parameter without a value as absent', 'scope=&a=1', 'scope', []],
  ['treats a bare name as absent', 'scope', 'scope', []],
  ['takes __proto__ for a name like any other', '__proto__=1', '__proto__', ['1']],
  ['lets audience repeat, as RFC 8693 §2.1 allows', 'audience=a&audience=b', 'audience', ['a', 'b']],
  ['reads an empty body', '', 'scope', []],
]

for (const [claim, body, name, values] of accepted) {
  test(claim, () => {
    const form = parse(body)
    assert.ok(form.ok)
    assert.deepEqual(form.value.all(name), values)
    assert.equal(form.value.get(name), values[0])
  })
}

const many = (count: number): string => Array.from({ length: count }, (_, index) => `p${index}=1`).join('&')

const refused: [claim: string, body: string][] = [
  ['a parameter twice', 'scope=a&scope=b'],
  ['a parameter twice, once escaped', 'scope=a&%73cope=b'],
  ['a parameter twice, once empty', 'client_id=a&client_id='],
  ['a broken escape', 'scope=%zz'],
  ['half an escape', 'scope=%4'],
  ['an escape that is not UTF-8', 'scope=%ff'],
  ['bytes beyond ASCII', 'scope=\u00e9'],
  ['a control character', 'scope=a\u0000'],
  ['one parameter past the limit', many(formMaxParameters + 1)],
]

for (const [claim, body] of refused) {
  test(`refuses ${claim}`, () => {
    const form = parse(body)
    assert.equal(form.ok ? 'accepted' : form.refusal.error, 'invalid_request')
  })
}

test('takes as many parameters as the limit says', () => {
  assert.equal(parse(many(formMaxParameters)).ok, true)
})
