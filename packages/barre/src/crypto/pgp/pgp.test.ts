import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { generateKey } from 'openpgp'
import { sharedTest } from '../../../../../tools/shared.ts'
import { Secret } from '../../core/index.ts'
import { DecryptionError } from '../cipher/index.ts'
import { pgp } from './pgp.ts'

const userIDs = [{ name: 'test' }]
const alice = await generateKey({ type: 'ecc', userIDs, passphrase: 'pw', format: 'armored' })
const bob = await generateKey({ type: 'ecc', userIDs, format: 'binary' })
const aliceKey = { key: alice.privateKey, passphrase: new Secret('pw') }
const bobKey = { key: bob.privateKey }
const data = randomBytes(100_000)

async function* inPieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size)
}

async function collect(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}

for (const armor of [true, false]) {
  test(`what is encrypted ${armor ? 'with' : 'without'} armor opens for each of its receivers`, async () => {
    const publicKeys = [alice.publicKey, bob.publicKey]
    const message = await pgp.encrypt(data, { publicKeys, armor, compression: 'zip', cipher: 'aes128' })
    assert.equal(message.toString('latin1').startsWith('-----BEGIN PGP MESSAGE-----'), armor)
    for (const privateKey of [aliceKey, bobKey]) {
      assert.deepEqual(await pgp.decrypt(message, { privateKey }), { ok: true, value: data })
    }
  })

  test(`a stream ${armor ? 'with' : 'without'} armor goes in and out in pieces`, async () => {
    const message = await collect(
      pgp.encryptStream(inPieces(data), { publicKeys: bob.publicKey, armor, signWith: aliceKey }),
    )
    const options = { privateKey: bobKey, verifyWith: alice.publicKey }
    assert.deepEqual(await collect(pgp.decryptStream(inPieces(message), options)), data)
    assert.deepEqual(await pgp.decrypt(message, options), { ok: true, value: data })
    const cut = message.subarray(0, -200)
    await assert.rejects(collect(pgp.decryptStream(inPieces(cut), options)), DecryptionError)
  })
}

test('a message that is not for us, was changed or is not signed by whom it should be is refused', async () => {
  const options = { publicKeys: alice.publicKey, armor: false }
  const [plain, signed] = [
    await pgp.encrypt('hello', options),
    await pgp.encrypt('hello', { ...options, signWith: bobKey }),
  ]
  const changed = Buffer.from(plain)
  changed[changed.length - 5]! ^= 1
  const good = await pgp.decrypt(signed, { privateKey: aliceKey, verifyWith: [bob.publicKey] })
  assert.equal(good.ok && good.value.toString(), 'hello')
  for (const [message, more] of [
    [plain, { privateKey: bobKey }],
    [changed, { privateKey: aliceKey }],
    [plain, { privateKey: aliceKey, verifyWith: bob.publicKey }],
    [signed, { privateKey: aliceKey, verifyWith: alice.publicKey }],
    ['no message', { privateKey: aliceKey }],
  ] as const) {
    const result = await pgp.decrypt(message, more)
    assert.equal(!result.ok && result.denial.code, 'invalid')
  }
  const unsigned = pgp.decryptStream(inPieces(plain), { privateKey: aliceKey, verifyWith: bob.publicKey })
  await assert.rejects(collect(unsigned), DecryptionError)
})

test('compressed data grow to the limit and no further', async () => {
  const zeros = Buffer.alloc(50_000)
  const message = await pgp.encrypt(zeros, { publicKeys: bob.publicKey, compression: 'zlib' })
  assert.ok(message.length < 1000)
  const packetBytes = 60_000
  assert.ok((await pgp.decrypt(message, { privateKey: bobKey, decompressedMaxBytes: packetBytes })).ok)
  const bomb = await pgp.decrypt(message, { privateKey: bobKey, decompressedMaxBytes: zeros.length - 1 })
  assert.equal(!bomb.ok && bomb.denial.code, 'invalid')
})

for (const armor of [true, false]) {
  test(`a signature apart, ${armor ? 'with' : 'without'} armor, is of its data and its key`, async () => {
    const signature = await pgp.sign('data', { privateKey: aliceKey, armor })
    assert.ok(await pgp.verify('data', signature, { publicKeys: [bob.publicKey, alice.publicKey] }))
    assert.ok(!(await pgp.verify('Data', signature, { publicKeys: alice.publicKey })))
    assert.ok(!(await pgp.verify('data', signature, { publicKeys: bob.publicKey })))
    assert.ok(!(await pgp.verify('data', 'no signature', { publicKeys: bob.publicKey })))
  })
}

test('a key that cannot be used says why', async () => {
  const message = await pgp.encrypt('x', { publicKeys: alice.publicKey })
  const keys = [
    [{ key: alice.privateKey }, 'password_required'],
    [{ key: alice.privateKey, passphrase: 'PW' }, 'wrong_password'],
    [{ key: alice.publicKey }, 'wrong_kind'],
    [{ key: 'no key' }, 'malformed'],
    [{ key: Buffer.of(0xff, 1, 2) }, 'malformed'],
  ] as const
  for (const [privateKey, code] of keys) await assert.rejects(pgp.decrypt(message, { privateKey }), { code })
  await assert.rejects(pgp.encrypt('x', { publicKeys: 'no key' }), { code: 'malformed' })
})

sharedTest(
  "Ballerina's own messages and keys",
  ['ballerina', 'module-ballerina-crypto', 'ballerina', 'tests', 'resources'],
  async (folder) => {
    const file = (name: string): Buffer => readFileSync(join(folder, name))
    const privateKey = { key: file('private_key.asc'), passphrase: 'qCr3bv@5mj5n4eY' }
    const publicKeys = file('public_key.asc')
    const text = file('sample.txt')
    // The key has expired since.
    const nowMs = Date.UTC(2024, 8, 1)
    await assert.rejects(pgp.encrypt(text, { publicKeys, nowMs: Date.UTC(2026, 10, 21) }), {
      code: 'unsupported',
    })
    const round = await pgp.decrypt(await pgp.encrypt(text, { publicKeys, nowMs }), { privateKey })
    assert.deepEqual(round, { ok: true, value: text })
    const stream = pgp.encryptStream(createReadStream(join(folder, 'sample.txt')), { publicKeys, nowMs })
    assert.deepEqual(await collect(pgp.decryptStream(stream, { privateKey })), text)
    for (const name of ['signed_encrypted.pgp', 'signed_encrypted_sample.pgp']) {
      const opened = await pgp.decrypt(file(name), { privateKey })
      assert.ok(opened.ok && opened.value.length > 0, name)
    }
    const wrong = { ...privateKey, passphrase: 'p7S5@T2MRFD9TQb' }
    await assert.rejects(pgp.decrypt(file('signed_encrypted.pgp'), { privateKey: wrong }), {
      code: 'wrong_password',
    })
    // Its key block opens, but it is not the key that the message is for.
    const other = { key: file('invalid_private_key.asc'), passphrase: 'p7S5@T2MRFD9TQb' }
    const refused = await pgp.decrypt(file('signed_encrypted.pgp'), { privateKey: other })
    assert.equal(!refused.ok && refused.denial.code, 'invalid')
  },
)
