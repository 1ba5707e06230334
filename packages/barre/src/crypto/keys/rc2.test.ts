import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import forge from 'node-forge'
import { decryptRc2Cbc } from './rc2.ts'

function encrypt(plain: Buffer, key: Buffer, iv: Buffer, bits: number): Buffer {
  const cipher = forge.rc2.createEncryptionCipher(key.toString('latin1'), bits)
  cipher.start(iv.toString('latin1'))
  cipher.update(forge.util.createBuffer(plain.toString('latin1')))
  cipher.finish()
  return Buffer.from(cipher.output.getBytes(), 'latin1')
}

const sizes: readonly (readonly [keyBytes: number, bits: number])[] = [
  [5, 40],
  [16, 128],
  [16, 64],
]
for (const [keyBytes, bits] of sizes) {
  test(`opens what node-forge closed with ${keyBytes} bytes of key and ${bits} effective bits`, () => {
    for (const size of [0, 1, 7, 8, 9, 1000]) {
      const [plain, key, iv] = [randomBytes(size), randomBytes(keyBytes), randomBytes(8)]
      assert.deepEqual(decryptRc2Cbc(encrypt(plain, key, iv, bits), key, iv, bits), plain)
    }
  })
}

// RFC 2268 §5. Its vectors are single blocks without padding: an IV that turns the block into eight 8s makes
// each of them the encryption of nothing.
const vectors: readonly (readonly [key: string, bits: number, plain: string, block: string])[] = [
  ['0000000000000000', 63, '0000000000000000', 'ebb773f993278eff'],
  ['ffffffffffffffff', 64, 'ffffffffffffffff', '278b27e42e2f0d49'],
  ['3000000000000000', 64, '1000000000000001', '30649edf9be7d2c2'],
  ['88', 64, '0000000000000000', '61a8a244adacccf0'],
  ['88bca90e90875a', 64, '0000000000000000', '6ccf4308974c267f'],
  ['88bca90e90875a7f0f79c384627bafb2', 64, '0000000000000000', '1a807d272bbe5db1'],
  ['88bca90e90875a7f0f79c384627bafb2', 128, '0000000000000000', '2269552ab0f85ca6'],
  [
    '88bca90e90875a7f0f79c384627bafb216f80a6f85920584c42fceb0be255daf1e',
    129,
    '0000000000000000',
    '5b78d3a43dfff1f1',
  ],
]
for (const [key, bits, plain, block] of vectors) {
  test(`RFC 2268: ${block}, of ${bits} bits`, () => {
    const iv = Buffer.from(plain, 'hex').map((octet) => octet ^ 8)
    const open = (): Buffer => decryptRc2Cbc(Buffer.from(block, 'hex'), Buffer.from(key, 'hex'), iv, bits)
    assert.equal(open().length, 0)
    iv[7]! ^= 16
    assert.throws(open, { code: 'wrong_password' })
  })
}

test('refuses what is not made of whole blocks', () => {
  for (const size of [0, 7, 9]) {
    assert.throws(() => decryptRc2Cbc(Buffer.alloc(size), Buffer.alloc(5), Buffer.alloc(8), 40), {
      code: 'malformed',
    })
  }
})
