import { generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { jwt } from 'barre/jwt'

/** Where the users of the app log in: both the backend and the authorization server trust its ID tokens. */
export interface IdentityProvider {
  readonly publicKey: KeyObject
  /** What the app has after a user's login. */
  idTokenOf(username: string): Promise<string>
  /** Whom an ID token names, if it holds. */
  nameOf(idToken: string): Promise<string | undefined>
}

export const idTokens = { issuer: 'https://login.example', audience: 'order-app' } as const

export function identityProvider(): IdentityProvider {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  return {
    publicKey,
    idTokenOf: async (username) =>
      jwt.issue({ ...idTokens, username, signatureConfig: { algorithm: 'EdDSA', config: privateKey } }),
    async nameOf(idToken) {
      const payload = await jwt.validate(idToken, { ...idTokens, signatureConfig: { certFile: publicKey } })
      return payload.ok ? payload.value.sub : undefined
    },
  }
}
