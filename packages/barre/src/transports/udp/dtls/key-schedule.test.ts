import assert from 'node:assert/strict'
import { test } from 'node:test'
import { extendedMasterSecret, prf, pskPremaster } from './key-schedule.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

/** Those that the mailing list of the IETF's TLS working group agreed on. */
const vectors = [
  {
    hash: 'sha256',
    secret: '9bbe436ba940f017b17652849a71db35',
    seed: 'a0ba9f936cda311827a6f796ffd5198c',
    output: `e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af
      0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66`,
  },
  {
    hash: 'sha384',
    secret: 'b80b733d6ceefcdc71566ea48e5567df',
    seed: 'cd665cf6a8447dd6ff8b27555edb7465',
    output: `7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0
      e534cb400fed2700884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d918425
      9b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee691c8f3a26854308d5eaa3be85e099070
      3d73e56f`,
  },
] as const
for (const { hash, secret, seed, output } of vectors) {
  test(`the PRF with ${hash} gives what others compute`, () => {
    const expected = hex(output.replaceAll(/\s/g, ''))
    assert.deepEqual(prf(hash, hex(secret), 'test label', hex(seed), expected.length), expected)
  })
}

test('a pre-shared key stands beside zeros, or beside what was agreed on', () => {
  assert.deepEqual(pskPremaster(hex('0102')), hex('0002 0000 0002 0102'))
  assert.deepEqual(pskPremaster(hex('0102'), hex('ff')), hex('0001 ff 0002 0102'))
})

test('the master secret is bound to the transcript', () => {
  const [one, other] = ['a', 'b'].map((transcript) =>
    extendedMasterSecret('sha256', hex('01'), Buffer.from(transcript)),
  )
  assert.equal(one?.length, 48)
  assert.notDeepEqual(one, other)
})
