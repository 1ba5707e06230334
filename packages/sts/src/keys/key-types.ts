import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import type { KeyObject } from 'node:crypto'

/** The algorithms that tokens are signed with. */
export const signingAlgorithms = ['ES256', 'RS256', 'PS256', 'EdDSA', 'ML-DSA-65'] as const

export type SigningAlgorithm = (typeof signingAlgorithms)[number]

/** What is known of an algorithm's keys; nothing outside this file asks which one it is. */
interface KeyType {
  fits(key: KeyObject): boolean
  generate(): Promise<{ readonly privateKey: KeyObject }>
}

const generate = promisify(generateKeyPair)
const modulusLength = 3072

const rsa: KeyType = {
  fits: (key) => key.asymmetricKeyType === 'rsa',
  generate: () => generate('rsa', { modulusLength }),
}

export const keyTypes: Readonly<Record<SigningAlgorithm, KeyType>> = {
  ES256: {
    fits: (key) => key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1',
    generate: () => generate('ec', { namedCurve: 'P-256' }),
  },
  RS256: rsa,
  PS256: rsa,
  EdDSA: {
    fits: (key) => key.asymmetricKeyType === 'ed25519',
    generate: () => generate('ed25519'),
  },
  'ML-DSA-65': {
    fits: (key) => key.asymmetricKeyType === 'ml-dsa-65',
    generate: () => generate('ml-dsa-65'),
  },
}
