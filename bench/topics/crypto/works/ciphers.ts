import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto'
import { aesGcm } from 'barre/crypto'
import forge from 'node-forge'
import { areSame } from '../work.ts'
import type { KeyObject } from 'node:crypto'
import type { Operation, Work } from '../work.ts'

const { subtle } = globalThis.crypto

/** Web Crypto wants memory that is not shared. */
type Bytes = Buffer<ArrayBuffer>
const tagBytes = 16

/** AES-256-GCM: sealed and opened again, of a small message and of a large one. */
export const ciphers: readonly Work[] = [
  sealing('1 KiB', randomBytes(1024)),
  sealing('1 MiB', randomBytes(1_048_576)),
]

function sealing(size: string, data: Bytes): Work {
  const [key, nonce] = [randomBytes(32), randomBytes(12)]
  return {
    title: `AES-256-GCM: ${size} sealed and opened`,
    isRight: (answer) => areSame(answer, data),
    contenders: {
      'node:crypto': () => {
        const keyObject = createSecretKey(key)
        return () => byNode(keyObject, nonce, data)
      },
      'node:crypto, the key as bytes': () => () => byNode(key, nonce, data),
      barre: () => () => {
        const opened = aesGcm.decrypt(aesGcm.encrypt(data, { key, nonce }), { key, nonce })
        return opened.ok ? opened.value : opened
      },
      'Web Crypto': () => byWebCrypto(key, nonce, data),
      'node-forge': () => () => byForge(key, nonce, data),
    },
  }
}

function byNode(key: Bytes | KeyObject, nonce: Bytes, data: Bytes): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const sealed = Buffer.concat([cipher.update(data), cipher.final(), cipher.getAuthTag()])
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  decipher.setAuthTag(sealed.subarray(-tagBytes))
  return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()])
}

async function byWebCrypto(key: Bytes, iv: Bytes, data: Bytes): Promise<Operation> {
  const imported = await subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt', 'decrypt'])
  const algorithm = { name: 'AES-GCM', iv }
  return async () => subtle.decrypt(algorithm, imported, await subtle.encrypt(algorithm, imported, data))
}

function byForge(key: Bytes, nonce: Bytes, data: Bytes): Buffer {
  const [binaryKey, iv] = [key.toString('latin1'), nonce.toString('latin1')]
  const cipher = forge.cipher.createCipher('AES-GCM', binaryKey)
  cipher.start({ iv, tagLength: tagBytes * 8 })
  cipher.update(forge.util.createBuffer(data.toString('latin1')))
  cipher.finish()
  const decipher = forge.cipher.createDecipher('AES-GCM', binaryKey)
  decipher.start({ iv, tagLength: tagBytes * 8, tag: cipher.mode.tag })
  decipher.update(cipher.output)
  decipher.finish()
  return Buffer.from(decipher.output.getBytes(), 'latin1')
}
