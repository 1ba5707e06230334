import { generateKeyPairSync, randomBytes, sign as nodeSign, verify as nodeVerify } from 'node:crypto'
import { sign, verify } from 'barre/crypto'
import type { KeyObject } from 'node:crypto'
import type { SignatureAlgorithm } from 'barre/crypto'
import type { Work } from '../work.ts'

const { subtle } = globalThis.crypto

const data = randomBytes(1024)

interface Row {
  readonly name: string
  readonly algorithm: SignatureAlgorithm
  readonly digest: string | null
  readonly pair: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
  /** As Web Crypto names it, whose ECDSA is the two numbers and not DER. */
  readonly web: { readonly name: string; readonly hash?: string; readonly namedCurve?: string }
}

const rows: readonly Row[] = [
  {
    name: 'RSA-2048, PKCS#1, SHA-256',
    algorithm: 'rsa-sha256',
    digest: 'sha256',
    pair: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    web: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  },
  {
    name: 'ECDSA P-256, SHA-256',
    algorithm: 'ecdsa-sha256',
    digest: 'sha256',
    pair: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    web: { name: 'ECDSA', hash: 'SHA-256', namedCurve: 'P-256' },
  },
  {
    name: 'Ed25519',
    algorithm: 'ed25519',
    digest: null,
    pair: generateKeyPairSync('ed25519'),
    web: { name: 'Ed25519' },
  },
]

/** Signatures of 1 KiB, made and checked. */
export const signatures: readonly Work[] = rows.flatMap((row) => [making(row), checking(row)])

function making({ name, algorithm, digest, pair, web }: Row): Work {
  const { privateKey: key, publicKey } = pair
  return {
    title: `${name}: sign`,
    isRight(answer) {
      const signature = Buffer.from(answer as Uint8Array)
      const encodings = ['der', 'ieee-p1363'] as const
      return encodings.some((dsaEncoding) =>
        nodeVerify(digest, data, { key: publicKey, dsaEncoding }, signature),
      )
    },
    contenders: {
      'node:crypto': () => () => nodeSign(digest, data, key),
      barre: () => () => sign(data, { algorithm, key }),
      'Web Crypto': () => {
        const imported = key.toCryptoKey(web, false, ['sign'])
        return () => subtle.sign(web, imported, data)
      },
    },
  }
}

function checking({ name, algorithm, digest, pair, web }: Row): Work {
  const { privateKey, publicKey: key } = pair
  const signature = nodeSign(digest, data, privateKey)
  return {
    title: `${name}: verify`,
    isRight: (answer) => answer === true,
    contenders: {
      'node:crypto': () => () => nodeVerify(digest, data, key, signature),
      barre: () => () => verify(data, signature, { algorithm, key }),
      'Web Crypto': () => {
        const imported = key.toCryptoKey(web, false, ['verify'])
        const plain = nodeSign(digest, data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
        return () => subtle.verify(web, imported, plain, data)
      },
    },
  }
}
