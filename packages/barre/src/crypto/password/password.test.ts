import assert from 'node:assert/strict'
import { argon2Sync, pbkdf2Sync, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { compareSync, genSaltSync, hashSync } from 'bcryptjs'
import { Secret } from '../../core/index.ts'
import { bcryptMaxCost, hashBcrypt, parseBcrypt } from './bcrypt.ts'
import { passwordQueueMax, queuePasswordWork } from './password-work.ts'
import { hashPassword, passwordMaxBytes, verifyPassword } from './password.ts'
import { parsePbkdf2, pbkdf2MaxIterations } from './pbkdf2.ts'
import { parseScrypt } from './scrypt.ts'
import type { PasswordHashOptions } from './password.ts'

async function verdict(password: string, stored: string): Promise<string> {
  const result = await verifyPassword(password, stored)
  if (!result.ok) return result.denial.code
  return `${result.value.matches ? 'yes' : 'no'}${result.value.needsRehash ? ', hash again' : ''}`
}

const made: readonly (readonly [options: PasswordHashOptions, form: RegExp, again: boolean])[] = [
  [{}, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/, false],
  [{ algorithm: 'argon2id', cost: { memoryKib: 64, passes: 1, lanes: 1 } }, /^\$argon2id\$v=19\$m=64,/, true],
  [
    { algorithm: 'argon2id', cost: { memoryKib: 65_536, passes: 3, lanes: 4 } },
    /^\$argon2id\$v=19\$m=65536,/,
    false,
  ],
  [
    { algorithm: 'scrypt', cost: { logWork: 4, blockSize: 8, parallelism: 1 } },
    /^\$scrypt\$ln=4,r=8,p=1\$/,
    true,
  ],
  [{ algorithm: 'pbkdf2', cost: { digest: 'sha512', iterations: 10 } }, /^\$pbkdf2-sha512\$i=10\$/, true],
  [{ algorithm: 'bcrypt', cost: 4 }, /^\$2b\$04\$[./A-Za-z0-9]{53}$/, true],
]
for (const [options, form, again] of made) {
  test(`hashes and verifies with ${JSON.stringify(options)}`, async () => {
    const stored = await hashPassword(new Secret('pässword'), options)
    assert.ok(stored.ok)
    assert.match(stored.value, form)
    assert.equal(await verdict('pässword', stored.value), again ? 'yes, hash again' : 'yes')
    assert.equal(await verdict('password', stored.value), again ? 'no, hash again' : 'no')
    const other = await hashPassword('pässword', options)
    assert.ok(other.ok && other.value !== stored.value)
  })
}

test('reads what others write', async () => {
  const rows: readonly (readonly [password: string, stored: string])[] = [
    // crypt_blowfish's own test vectors.
    ['U*U', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
    ['U*U*', '$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK'],
  ]
  for (const [password, stored] of rows) {
    assert.equal(await verdict(password, stored), 'yes, hash again')
    assert.equal(await verdict(`${password}!`, stored), 'no, hash again')
  }
})

test('agrees with bcryptjs in both directions', async () => {
  const [ours, salt] = [await hashBcrypt('correct horse', randomBytes(16), 4), genSaltSync(4)]
  assert.ok(compareSync('correct horse', ours))
  assert.equal(await verdict('correct horse', hashSync('correct horse', salt)), 'yes, hash again')
})

// Ballerina's forms, built from independent parts.
test("reads Ballerina's bcrypt: ordinary base64 of salt and 24 bytes", async () => {
  const standard = await hashBcrypt('Ballerina', randomBytes(16), 5)
  const parsed = parseBcrypt(standard)
  assert.ok(parsed)
  const theirs = `$2a$05$${Buffer.concat([parsed.salt, parsed.tag, Buffer.of(77)]).toString('base64')}`
  assert.equal(await verdict('Ballerina', theirs), 'yes, hash again')
  assert.equal(await verdict('ballerina', theirs), 'no, hash again')
})

test("reads Ballerina's argon2id and PBKDF2 with their padding", async () => {
  const salt = randomBytes(16)
  const tag = argon2Sync('argon2id', {
    message: 'pw',
    nonce: salt,
    memory: 8192,
    passes: 3,
    parallelism: 4,
    tagLength: 32,
  })
  const argon2id = `$argon2id$v=19$m=8192,t=3,p=4$${salt.toString('base64')}$${tag.toString('base64')}`
  assert.equal(await verdict('pw', argon2id), 'yes, hash again')
  for (const digest of ['sha1', 'sha256', 'sha512']) {
    const derived = pbkdf2Sync('pw', salt, 10_000, 32, digest)
    const pbkdf2 = `$pbkdf2-${digest}$i=10000$${salt.toString('base64')}$${derived.toString('base64')}`
    assert.equal(await verdict('pw', pbkdf2), 'yes, hash again')
    assert.equal(await verdict('pW', pbkdf2), 'no, hash again')
  }
})

const salt = 'c29tZXNhbHQ'
const tag = 'CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
const unknown: readonly (readonly [name: string, stored: string])[] = [
  ['nothing', ''],
  ['plain text', 'password'],
  ['another argon2', `$argon2i$v=19$m=8192,t=3,p=4$${salt}$${tag}`],
  ['PBKDF2 with MD5', `$pbkdf2-md5$i=10000$${salt}$${tag}`],
  ['PBKDF2 without rounds', `$pbkdf2-sha256$i=0$${salt}$${tag}`],
  ['PBKDF2 with too many rounds', `$pbkdf2-sha256$i=${pbkdf2MaxIterations + 1}$${salt}$${tag}`],
  ['scrypt with too much memory', `$scrypt$ln=20,r=8,p=2$${salt}$${tag}`],
  ['scrypt without work', `$scrypt$ln=0,r=8,p=1$${salt}$${tag}`],
  ['bcrypt of a cost of 3', `$2b$03$${'a'.repeat(53)}`],
  ['bcrypt of too high a cost', `$2b$${bcryptMaxCost + 1}$${'a'.repeat(53)}`],
  ['bcrypt with the sign of a broken one', `$2x$10$${'a'.repeat(53)}`],
  ['bcrypt with a line break', `$2b$10$${'a'.repeat(53)}\n`],
]
for (const [name, stored] of unknown) {
  test(`does not verify against ${name}`, async () =>
    assert.equal(await verdict('password', stored), 'malformed'))
}

test('reads hashes of the highest costs', () => {
  assert.ok(parsePbkdf2(`$pbkdf2-sha256$i=${pbkdf2MaxIterations}$${salt}$${tag}`))
  assert.ok(parseScrypt(`$scrypt$ln=20,r=8,p=1$${salt}$${tag}`))
  assert.ok(parseBcrypt(`$2b$${bcryptMaxCost}$${'a'.repeat(53)}`))
})

test('passwords have a length', async () => {
  const cost = { memoryKib: 8, passes: 1, lanes: 1 }
  const longest = 'x'.repeat(passwordMaxBytes)
  const stored = await hashPassword(longest, { cost })
  assert.ok(stored.ok)
  assert.equal(await verdict(longest, stored.value), 'yes, hash again')
  assert.equal(await verdict(`${longest}x`, stored.value), 'no, hash again')
  for (const password of ['', `${longest}x`]) {
    const refused = await hashPassword(password, { cost })
    assert.equal(!refused.ok && refused.denial.code, 'malformed')
  }
})

test('bcrypt never cuts a password', async () => {
  const longest = 'ä'.repeat(36)
  const stored = await hashPassword(longest, { algorithm: 'bcrypt', cost: 4 })
  assert.ok(stored.ok)
  assert.equal(await verdict(longest, stored.value), 'yes, hash again')
  assert.equal(await verdict(`${longest}x`, stored.value), 'no, hash again')
  await assert.rejects(hashPassword(`${longest}x`, { algorithm: 'bcrypt', cost: 4 }), TypeError)
})

test('a cost that is none is a mistake', async () => {
  const wrong: readonly PasswordHashOptions[] = [
    { algorithm: 'bcrypt', cost: 3 },
    { algorithm: 'bcrypt', cost: bcryptMaxCost + 1 },
    { algorithm: 'pbkdf2', cost: { digest: 'sha256', iterations: 0 } },
    { algorithm: 'scrypt', cost: { logWork: 21, blockSize: 8, parallelism: 1 } },
  ]
  for (const options of wrong) await assert.rejects(hashPassword('password', options), TypeError)
})

test('too many at once are throttled', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const held = Array.from({ length: passwordQueueMax + 200 }, () => queuePasswordWork(() => promise))
  const [hashed, verified] = [await hashPassword('pw'), await verdict('pw', `$2b$04$${'a'.repeat(53)}`)]
  resolve()
  await Promise.all(held.map(async (outcome) => outcome))
  assert.equal(!hashed.ok && hashed.denial.code, 'throttled')
  assert.equal(verified, 'throttled')
})
