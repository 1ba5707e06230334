import { createHmac, createSecretKey, hash as nodeHash, randomBytes } from 'node:crypto'
import { hash, hmac } from 'barre/crypto'
import forge from 'node-forge'
import { areSame } from '../work.ts'
import type { Work } from '../work.ts'

const { subtle } = globalThis.crypto

/** Web Crypto wants memory that is not shared. */
type Bytes = Buffer<ArrayBuffer>

/** Hashing and HMAC, of a small message and of a large one. */
export const digests: readonly Work[] = [
  ['1 KiB', 1024],
  ['1 MiB', 1_048_576],
].flatMap(([size, bytes]) => [
  hashing(String(size), randomBytes(Number(bytes))),
  macs(String(size), randomBytes(Number(bytes))),
])

function hashing(size: string, data: Bytes): Work {
  const binary = data.toString('latin1')
  return {
    title: `SHA-256 of ${size}`,
    isRight: (answer) => areSame(answer, nodeHash('sha256', data, 'buffer')),
    contenders: {
      'node:crypto': () => () => nodeHash('sha256', data, 'buffer'),
      barre: () => () => hash('sha256', data),
      'Web Crypto': () => () => subtle.digest('SHA-256', data),
      'node-forge': () => () => fromBinary(forge.md.sha256.create().update(binary).digest()),
    },
  }
}

function macs(size: string, data: Bytes): Work {
  const key = randomBytes(32)
  const keyObject = createSecretKey(key)
  const binary = data.toString('latin1')
  return {
    title: `HMAC-SHA-256 of ${size}`,
    isRight: (answer) => areSame(answer, createHmac('sha256', key).update(data).digest()),
    contenders: {
      'node:crypto': () => () => createHmac('sha256', keyObject).update(data).digest(),
      'node:crypto, the key as bytes': () => () => createHmac('sha256', key).update(data).digest(),
      barre: () => () => hmac('sha256', data, { key: keyObject }),
      'barre, the key as bytes': () => () => hmac('sha256', data, { key }),
      'Web Crypto': async () => {
        const imported = await subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, [
          'sign',
        ])
        return () => subtle.sign('HMAC', imported, data)
      },
      'node-forge': () => () => {
        const mac = forge.hmac.create()
        mac.start('sha256', key.toString('latin1'))
        mac.update(binary)
        return fromBinary(mac.digest())
      },
    },
  }
}

function fromBinary(bytes: forge.util.ByteStringBuffer): Buffer {
  return Buffer.from(bytes.getBytes(), 'latin1')
}
