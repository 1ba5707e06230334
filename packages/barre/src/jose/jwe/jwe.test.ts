import assert from 'node:assert/strict'
import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import * as jose from 'jose'
import { decryptJwe } from './decrypt.ts'
import { encryptJwe, encryptJweJson } from './encrypt.ts'
import { importDecryptionKey, importEncryptionKey } from './import-key.ts'
import { jweAlgorithmNames, keyManagements } from './key-management.ts'
import { contentEncryptions, jweEncryptionNames } from './content-encryption.ts'
import type { KeyObject } from 'node:crypto'
import type { JweEncryption } from './content-encryption.ts'
import type { JweAlgorithm } from './key-management.ts'

interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const curves: Readonly<Record<string, Pair>> = {
  'P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'P-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'P-521': generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  X25519: generateKeyPairSync('x25519'),
  X448: generateKeyPairSync('x448'),
}
const shared = (bytes: number): Pair => {
  const key = createSecretKey(randomBytes(bytes))
  return { publicKey: key, privateKey: key }
}

/** The keys that an algorithm is tried with; their lengths follow from its name. */
function pairsFor(algorithm: JweAlgorithm, encryption: JweEncryption): Readonly<Record<string, Pair>> {
  if (algorithm.startsWith('RSA')) return { RSA: rsa }
  if (algorithm.startsWith('ECDH')) return curves
  if (algorithm === 'dir') return { oct: shared(contentEncryptions[encryption].keyBytes) }
  if (algorithm.startsWith('PBES2')) return { password: shared(12) }
  return { oct: shared(Number(algorithm.slice(1, 4)) / 8) }
}

/** What the oracle takes. */
const theirs = (key: KeyObject) => (key.type === 'secret' ? key.export() : key)

const plaintext = 'Every wire, one rail.'
const path = 'key'

for (const algorithm of jweAlgorithmNames) {
  if (keyManagements[algorithm].legacy) continue
  for (const encryption of jweEncryptionNames) {
    for (const [kind, { publicKey, privateKey }] of Object.entries(pairsFor(algorithm, encryption))) {
      const encrypting = importEncryptionKey(publicKey, { path, algorithm })
      const decrypting = importDecryptionKey(privateKey, { path, algorithm })
      const name = `${algorithm} ${encryption} ${kind}`

      // The oracle has no X448: WebCrypto in Node leaves it out.
      if (kind !== 'X448') {
        test(`${name}: what we encrypt, jose decrypts`, async () => {
          const compact = await encryptJwe(plaintext, encrypting, { encryption, header: { cty: 'text' } })
          const options = { keyManagementAlgorithms: [algorithm] }
          const result = await jose.compactDecrypt(compact, theirs(privateKey), options)
          assert.equal(Buffer.from(result.plaintext).toString(), plaintext)
          assert.equal(result.protectedHeader.cty, 'text')
          const flattened = await encryptJweJson(plaintext, [encrypting], {
            encryption,
            unprotected: { note: 'in clear' },
            additionalData: Buffer.from('covered'),
          })
          const read = await jose.flattenedDecrypt(flattened, theirs(privateKey), options)
          assert.equal(Buffer.from(read.plaintext).toString(), plaintext)
        })

        test(`${name}: what jose encrypts, we decrypt`, async () => {
          const theirToken = await new jose.CompactEncrypt(Buffer.from(plaintext))
            .setProtectedHeader({ alg: algorithm, enc: encryption })
            .encrypt(theirs(publicKey))
          const decrypted = await decryptJwe(theirToken, decrypting)
          assert.equal(decrypted.ok && decrypted.value.plaintext.toString(), plaintext)
          const flattened = await new jose.FlattenedEncrypt(Buffer.from(plaintext))
            .setProtectedHeader({ enc: encryption })
            .setUnprotectedHeader({ alg: algorithm })
            .setAdditionalAuthenticatedData(Buffer.from('covered'))
            .encrypt(theirs(publicKey))
          const read = await decryptJwe(flattened as never, decrypting)
          assert.equal(read.ok && read.value.plaintext.toString(), plaintext)
        })
      }

      test(`${name}: what we encrypt, we decrypt; one changed bit in any part is refused`, async () => {
        const token = await encryptJwe(plaintext, encrypting, { encryption })
        const decrypted = await decryptJwe(token, decrypting)
        assert.equal(decrypted.ok && decrypted.value.plaintext.toString(), plaintext)
        const segments = token.split('.')
        for (const [index, segment] of segments.entries()) {
          if (index === 0 || segment === '') continue
          const bytes = Buffer.from(segment, 'base64url')
          bytes[0]! ^= 1
          const changed = segments.with(index, bytes.toString('base64url')).join('.')
          const refused = await decryptJwe(changed, decrypting)
          assert.deepEqual(refused.ok ? undefined : refused.denial, failed)
        }
      })
    }
  }
}

const failed = { code: 'invalid', detail: 'the JWE cannot be decrypted' }
