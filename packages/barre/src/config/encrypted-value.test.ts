import assert from 'node:assert/strict'
import { randomBytes, randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ConfigError, Secret } from '../core/index.ts'
import { sharedTest } from '../../../../tools/shared.ts'
import { parseEncrypted, sealingMaxCost, valueBytesMax } from './encrypted-value.ts'
import { createDecrypter } from './decrypter.ts'
import { derivedKeysMax } from './derive-key.ts'
import { createEncrypter } from './encrypter.ts'

const cheap = { memoryKib: 8, passes: 1, lanes: 1 }
const ringOf = (secret: string) => ({
  ...createEncrypter(new Secret(secret), { random: randomBytes, cost: cheap }),
  ...createDecrypter(new Secret(secret)),
})
const ring = ringOf('ballerina')
const other = ringOf('balerina')

async function refusal(opening: Promise<unknown>): Promise<string> {
  const error = await opening.then(
    () => assert.fail('it opened'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof ConfigError)
  return error.message
}

const values = [
  'x',
  'password',
  'a'.repeat(15),
  'b'.repeat(16),
  'pässwörd €𝄞',
  'two words ',
  '@encrypted:{',
  '"\\',
]
const sealedOnly = ['line\nline\n', '\0', 'x'.repeat(valueBytesMax)]

for (const value of [...values, ...sealedOnly]) {
  test(`${JSON.stringify(value.slice(0, 20))} opens with its secret at its key, and is [secret] to a log`, async () => {
    const text = await ring.encrypt(value, { key: 'user.password' })
    assert.match(text, /^@encrypted:\{v2:bound:8\.1\.1:[\w:-]+\}$/)
    const opened = await ring.decrypt(text, 'user.password')
    assert.equal(opened.reveal(), value)
    assert.equal(String(opened), '[secret]')
    assert.match(
      await refusal(other.decrypt(text, 'user.password')),
      /^user\.password: the value does not open: the secret is another one/,
    )
  })
}

for (const value of values) {
  test(`${JSON.stringify(value)} survives the old form`, async () => {
    const text = await ring.encrypt(value, { legacy: true })
    assert.match(text, /^@encrypted:\{[A-Za-z0-9+/]+=*\}$/)
    assert.equal((await ring.decrypt(text, 'any.key')).reveal(), value)
  })
}

test('random values of any length open, in both forms', async () => {
  for (let round = 0; round < 300; round++) {
    const value = randomText(randomInt(1, 200))
    for (const options of [{}, { key: 'a.b' }, { legacy: true }]) {
      const text = await ring.encrypt(value, options)
      assert.equal((await ring.decrypt(text, 'a.b')).reveal(), value)
    }
  }
})

function randomText(length: number): string {
  const codePoints = Array.from({ length }, () => randomInt(0x20, 0x2_0000))
  return String.fromCodePoint(...codePoints.map((code) => (isPrintable(code) ? code : 0x3f)))
}

function isPrintable(code: number): boolean {
  return (code < 0x7f || code > 0x9f) && (code < 0xd800 || code > 0xdfff)
}

test('the same value never gives the same text', async () => {
  const texts = await Promise.all(Array.from({ length: 50 }, () => ring.encrypt('x', { key: 'a' })))
  assert.equal(new Set(texts).size, 50)
})

test('no changed byte of a new value opens', async () => {
  const text = await ring.encrypt('password', { key: 'user.password' })
  for (const [index, letter] of text.split('').entries()) {
    for (const changed of [letter === 'A' ? 'B' : 'A', '9', '-', '']) {
      if (changed === letter) continue
      const damaged = text.slice(0, index) + changed + text.slice(index + 1)
      if (affordable(damaged)) await refusal(ring.decrypt(damaged, 'user.password'))
    }
  }
})

// Costs near the bound are refused all the same, but take seconds to be computed.
function affordable(text: string): boolean {
  const parsed = parseEncrypted(text)
  return parsed?.form !== 'v2' || parsed.cost.memoryKib < 1_000
}

test('a bound value opens at its own key alone, however that is written', async () => {
  const text = await ring.encrypt('x', { key: 'users[username="alice"].password' })
  assert.equal((await ring.decrypt(text, 'users[username=alice].password')).reveal(), 'x')
  for (const key of ['users[username=bob].password', 'users[0].password', 'password']) {
    assert.match(await refusal(ring.decrypt(text, key)), /or it was encrypted for another key$/)
  }
  assert.match(await refusal(ring.decrypt(text)), /^the value is bound to the key .* name that key$/)
})

test('an unbound value opens at every key, and cannot be made a bound one', async () => {
  const text = await ring.encrypt('x')
  assert.match(text, /^@encrypted:\{v2:unbound:/)
  assert.equal((await ring.decrypt(text)).reveal(), 'x')
  assert.equal((await ring.decrypt(text, 'a.b')).reveal(), 'x')
  await refusal(ring.decrypt(text.replace('unbound', 'bound'), 'a.b'))
})

const sealed = await ring.encrypt('password')
const malformed: readonly (readonly [string, string])[] = [
  ['no brace at the end', sealed.slice(0, -1)],
  ['text after the brace', `${sealed}x`],
  ['another version', sealed.replace('v2', 'v3')],
  ['another binding', sealed.replace('unbound', 'Bound')],
  ['padding', sealed.replace('}', '=}')],
  ['a leading zero', sealed.replace(':8.', ':08.')],
  ['too much memory', sealed.replace(':8.1.1:', `:${sealingMaxCost.memoryKib + 1}.1.1:`)],
  ['too many passes', sealed.replace(':8.1.1:', `:8.${sealingMaxCost.passes + 1}.1:`)],
  ['too many lanes', sealed.replace(':8.1.1:', `:1000.1.${sealingMaxCost.lanes + 1}:`)],
  ['too little memory for its lanes', sealed.replace(':8.1.1:', ':15.1.2:')],
  ['a tag and no more', sealed.replace(/:[\w-]+\}$/, `:${'A'.repeat(22)}}`)],
  ['nothing', '@encrypted:{}'],
  ['no base64', '@encrypted:{***}'],
  ['base64url in the old form', '@encrypted:{pIQrB9YfCQK1eIWH5d6UaZXA3zr-60JxSBcpa2PY7a8=}'],
  ['the old form without its padding', '@encrypted:{pIQrB9YfCQK1eIWH5d6UaZXA3zr+60JxSBcpa2PY7a8}'],
  ['an IV and no more', `@encrypted:{${Buffer.alloc(16).toString('base64')}}`],
  ['part of a block', `@encrypted:{${Buffer.alloc(40).toString('base64')}}`],
]
for (const [name, text] of malformed) {
  test(`refuses ${name}, naming the key`, async () => {
    assert.match(await refusal(ring.decrypt(text, 'a.b')), /^a\.b: not a whole @encrypted/)
  })
}

for (const cost of [`${sealingMaxCost.memoryKib}.1.1`, `8.${sealingMaxCost.passes}.1`]) {
  test(`reads a value that costs ${cost}`, () => {
    assert.equal(parseEncrypted(sealed.replace(':8.1.1:', `:${cost}:`))?.form, 'v2')
  })
}

const unkept: readonly (readonly [string, string, boolean])[] = [
  ['an empty value', '', false],
  ['half a surrogate pair', '\ud800', false],
  ['a value that is too long', 'x'.repeat(valueBytesMax + 1), false],
  ['a control character in the old form', 'a\nb', true],
]
for (const [name, value, legacy] of unkept) {
  test(`does not encrypt ${name}`, async () => {
    await assert.rejects(ring.encrypt(value, { legacy }), ConfigError)
  })
}

test('an empty secret is refused', () => {
  assert.throws(() => ringOf(''), { name: 'ConfigError', message: 'the secret is empty' })
})

test('costs by default what RFC 9106 gives as its second choice', async () => {
  const text = await createEncrypter(new Secret('s'), { random: randomBytes }).encrypt('x')
  assert.match(text, /^@encrypted:\{v2:unbound:65536\.3\.4:/)
})

const withSalt = (index: number): string => {
  const salt = Buffer.alloc(16, 0)
  salt.writeUInt32BE(index)
  return sealed.replace(/8\.1\.1:[\w-]+/, `8.1.1:${salt.toString('base64url')}`)
}

test('derives no more keys than its bound', async () => {
  const many = ringOf('s')
  for (let index = 0; index < derivedKeysMax; index++) {
    assert.match(await refusal(many.decrypt(withSalt(index))), /does not open/)
  }
  assert.match(await refusal(many.decrypt(withSalt(derivedKeysMax))), /salts/)
})

// The vectors of inventory section 10.1: made by Ballerina, with the secret `ballerina`.
const published: readonly (readonly [string, string])[] = [
  ['pIQrB9YfCQK1eIWH5d6UaZXA3zr+60JxSBcpa2PY7a8=', 'password'],
  ['UtD9d+o6eHpqFnBxtvhb+RWXey7qm7xLMt6+6mrt9w0=', 'password'],
  ['vr1bbDIctz4ybPTlEEnEyuKJ+4OP2NDGsPSCQYEnyi0=', '100'],
  ['bSFxiiu7sSsMaGCHOy86aTQ5XISqxRtrK7lfsAIa0WA=', '123.45'],
  ['o5rtwoLh7MxGvqTCZ6nbxp3Y2irNIUCsClb9V00Zb4w=', 'true'],
  ['THCD5ftXj0duD7A+4NMRbtDRQhabekLtcWfYEL2SoHM=', 'xxx'],
  ['mLOinYNLvo15S+Xgq/Z93jrzLSFJWVYOpGnWloXLIMg=', 'abc'],
]
for (const [body, value] of published) {
  test(`reads Ballerina's ${body.slice(0, 8)}...`, async () => {
    assert.equal((await ring.decrypt(`@encrypted:{${body}}`, 'any')).reveal(), value)
    await refusal(other.decrypt(`@encrypted:{${body}}`, 'any'))
  })
}

const original = 'ballerina-lang-0.990.4'
const files = [
  'stdlib/auth/src/test/resources/datafiles/config/authprovider/ballerina.conf',
  'stdlib/config-api/src/test/resources/datafiles/encrypted-configs.conf',
  'stdlib/http/src/test/resources/datafiles/config/authprovider/ballerina.conf',
]
for (const file of files) {
  sharedTest(`every encrypted value of ${file} opens`, ['ballerina', original, file], async (path) => {
    const texts = [...readFileSync(path, 'utf8').matchAll(/@encrypted:\{[^}]+\}/g)].map(([text]) => text)
    assert.ok(texts.length >= 2)
    for (const text of texts) {
      const body = text.slice('@encrypted:{'.length, -1)
      const expected = published.find(([known]) => known === body)?.[1]
      assert.equal((await ring.decrypt(text)).reveal(), expected)
    }
  })
}

const negative = `${original}/examples/config-api/sample.conf`
sharedTest('the value with another secret is refused', ['ballerina', negative], async (path) => {
  const [text = ''] = /@encrypted:\{[^}]+\}/.exec(readFileSync(path, 'utf8')) ?? []
  assert.match(await refusal(ring.decrypt(text, 'hello.keystore.password')), /^hello\.keystore\.password: /)
})
