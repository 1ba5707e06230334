import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import {
  argon2idDefaultCost,
  argon2idMaxCost,
  hashArgon2id,
  parseArgon2id,
  verifyArgon2id,
} from './argon2id.ts'

// The reference implementation's own test vector (argon2id, m=65536, t=2, p=1, "password", "somesalt").
const reference = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'

const salt = 'c29tZXNhbHQ'
const tag = 'CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'

function withCost(cost: string): string {
  return `$argon2id$v=19$${cost}$${salt}$${tag}`
}

test('agrees with the reference implementation', async () => {
  const hash = parseArgon2id(reference)
  assert.ok(hash !== undefined)
  assert.equal(await verifyArgon2id('password', hash), true)
  assert.equal(await verifyArgon2id('Password', hash), false)
})

for (const password of ['xxx', 'a:b', 'pässwörd', 'x'.repeat(1000)]) {
  test(`a hash of ${password.slice(0, 10)} is of its own password alone`, async () => {
    const cost = { memoryKib: 64, passes: 1, lanes: 1 }
    const stored = await hashArgon2id(password, randomBytes(16), cost)
    const hash = parseArgon2id(stored)
    assert.ok(hash !== undefined)
    assert.equal(await verifyArgon2id(password, hash), true)
    assert.equal(await verifyArgon2id(password.slice(0, -1), hash), false)
  })
}

test('costs by default what OWASP asks for', async () => {
  const stored = await hashArgon2id('xxx', randomBytes(16))
  assert.match(stored, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  assert.deepEqual(argon2idDefaultCost, { memoryKib: 19_456, passes: 2, lanes: 1 })
})

test('wants a salt of 16 bytes', async () => {
  await assert.rejects(hashArgon2id('xxx', randomBytes(8)), TypeError)
})

const { memoryKib, passes, lanes } = argon2idMaxCost
const readable = [
  'm=8,t=1,p=1',
  `m=${memoryKib},t=1,p=1`,
  `m=8,t=${passes},p=1`,
  `m=${8 * lanes},t=1,p=${lanes}`,
]
for (const cost of readable) {
  test(`reads a hash that costs ${cost}`, () => assert.ok(parseArgon2id(withCost(cost)) !== undefined))
}

const unreadable: readonly (readonly [string, string])[] = [
  ['plain text', 'password'],
  ['another algorithm', reference.replace('argon2id', 'argon2i')],
  ['an older version', reference.replace('v=19', 'v=16')],
  ['no version', reference.replace('v=19$', '')],
  ['padding', `${reference}=`],
  ['a line break', `${reference}\n`],
  ['a short salt', reference.replace(salt, 'c29tZQ')],
  ['a short hash', reference.replace(tag, 'CTFhFdXPJO1a')],
  ['too little memory', withCost('m=7,t=1,p=1')],
  ['too little memory for its lanes', withCost('m=15,t=1,p=2')],
  ['too much memory', withCost(`m=${memoryKib + 1},t=1,p=1`)],
  ['no pass', withCost('m=8,t=0,p=1')],
  ['too many passes', withCost(`m=8,t=${passes + 1},p=1`)],
  ['no lane', withCost('m=8,t=1,p=0')],
  ['too many lanes', withCost(`m=1024,t=1,p=${lanes + 1}`)],
]
for (const [name, stored] of unreadable) {
  test(`does not read a hash with ${name}`, () => assert.equal(parseArgon2id(stored), undefined))
}
