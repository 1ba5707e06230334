import {
  constants,
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  generateKeyPairSync,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from 'node:crypto'
import { decryptJwe, encryptJwe, importDecryptionKey, importEncryptionKey } from 'barre/jose'
import * as jose from 'jose'
import { areSame } from '../work.ts'
import type { KeyObject } from 'node:crypto'
import type { JweAlgorithm } from 'barre/jose'
import type { Operation, Work } from '../work.ts'

const plaintext = randomBytes(512)
const encryption = 'A256GCM'

interface Row {
  readonly algorithm: JweAlgorithm
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
  /** What of the algorithm no implementation can leave out, besides AES-GCM. */
  readonly wrap: Operation
  readonly unwrap: Operation
}

const shared = createSecretKey(randomBytes(32))
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const [receiver, sender] = [1, 2].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }))
const ephemeral = sender!.publicKey.export({ format: 'jwk' })
const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
const wrapped = publicEncrypt({ key: rsa.publicKey, ...oaep }, shared.export())

const rows: readonly Row[] = [
  {
    algorithm: 'dir',
    publicKey: shared,
    privateKey: shared,
    wrap: () => undefined,
    unwrap: () => undefined,
  },
  {
    algorithm: 'RSA-OAEP-256',
    ...rsa,
    wrap: () => publicEncrypt({ key: rsa.publicKey, ...oaep }, shared.export()),
    unwrap: () => privateDecrypt({ key: rsa.privateKey, ...oaep }, wrapped),
  },
  {
    algorithm: 'ECDH-ES',
    ...receiver!,
    wrap: () => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      publicKey.export({ format: 'jwk' })
      return diffieHellman({ privateKey, publicKey: receiver!.publicKey })
    },
    unwrap: () => {
      const publicKey = createPublicKey({ key: ephemeral, format: 'jwk' })
      return diffieHellman({ privateKey: receiver!.privateKey, publicKey })
    },
  },
]

/** Compact JWE of 512 bytes with A256GCM: the limit does its cryptography, and neither JSON nor base64url. */
export const encryptedTokens: readonly Work[] = rows.flatMap((row) => [encrypting(row), decrypting(row)])

function encrypting({ algorithm, publicKey, privateKey, wrap }: Row): Work {
  const key = importEncryptionKey(publicKey, { path: 'key', algorithm })
  return {
    title: `JWE ${algorithm}, ${encryption}: encrypt`,
    async isRight(answer) {
      if (areSame(answer, plaintext)) return true
      const opened = await jose.compactDecrypt(String(answer), privateKey)
      return areSame(opened.plaintext, plaintext)
    },
    contenders: {
      'node:crypto': () => () => {
        wrap()
        seal()
        return plaintext
      },
      barre: () => () => encryptJwe(plaintext, key, { encryption }),
      jose: () => () =>
        new jose.CompactEncrypt(plaintext)
          .setProtectedHeader({ alg: algorithm, enc: encryption })
          .encrypt(publicKey),
    },
  }
}

function decrypting({ algorithm, publicKey, privateKey, unwrap }: Row): Work {
  const key = importDecryptionKey(privateKey, { path: 'key', algorithm })
  const encrypted = new jose.CompactEncrypt(plaintext)
    .setProtectedHeader({ alg: algorithm, enc: encryption })
    .encrypt(publicKey)
  const sealed = seal()
  return {
    title: `JWE ${algorithm}, ${encryption}: decrypt`,
    isRight: (answer) => areSame(answer, plaintext),
    contenders: {
      'node:crypto': () => () => {
        unwrap()
        return open(sealed)
      },
      barre: async () => {
        const token = await encrypted
        return async () => {
          const opened = await decryptJwe(token, key)
          return opened.ok ? opened.value.plaintext : opened
        }
      },
      jose: async () => {
        const token = await encrypted
        return async () => (await jose.compactDecrypt(token, privateKey)).plaintext
      },
    },
  }
}

interface Sealed {
  readonly nonce: Buffer
  readonly text: Buffer
  readonly tag: Buffer
}

function seal(): Sealed {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', shared, nonce)
  return { nonce, text: Buffer.concat([cipher.update(plaintext), cipher.final()]), tag: cipher.getAuthTag() }
}

function open({ nonce, text, tag }: Sealed): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', shared, nonce).setAuthTag(tag)
  return Buffer.concat([decipher.update(text), decipher.final()])
}
