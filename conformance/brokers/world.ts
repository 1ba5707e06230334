import { generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { jwt } from 'barre/jwt'
import type { CertKey, ClientSecureSocket } from 'barre/core'
import type { IssuerConfig } from 'barre/jwt'
import { createTestCa } from '../../tools/test-ca.ts'

export const tokenIssuer = 'https://sts.example'
/** Of tokens that are renewed: long enough for a slow machine, short enough to wait for three of them. */
export const lifetimeSeconds = 5
/** Not a limit on speed: for a message that is lost one waits for ever. */
export const untilLost = { timeout: 120_000 }
export const user = { name: 'alice', password: 's3cret-enough' } as const

/** What the suites of all brokers share: certificates, and an issuer of tokens. */
export interface BrokerWorld {
  /** For `localhost` alone: by its address the server is another one. */
  readonly serverTls: { readonly certFile: string; readonly keyFile: string; readonly caFile: string }
  /** Everything right, mutual TLS included; its certificate is alice's. */
  readonly secureSocket: ClientSecureSocket & { readonly cert: string; readonly key: CertKey }
  /** The certificate of somebody whom the broker does not know, from the right authority. */
  readonly mallory: CertKey
  /** What says that it is alice's, by another authority. */
  readonly impostor: CertKey
  /** Another authority's certificate, which did not sign the server's. */
  readonly strangerFile: string
  /** Of the issuer of tokens. */
  readonly tokenKey: KeyObject
  /** Who signs tokens of this kind. */
  issuerConfig(more?: Partial<IssuerConfig>): IssuerConfig
  issue(more?: Partial<IssuerConfig>): Promise<string>
  close(): Promise<void>
}

export async function createBrokerWorld(): Promise<BrokerWorld> {
  const [ca, strangers] = await Promise.all([createTestCa(), createTestCa()])
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const issuerConfig = (more: Partial<IssuerConfig> = {}): IssuerConfig => ({
    issuer: tokenIssuer,
    username: user.name,
    keyId: 'one',
    signatureConfig: { algorithm: 'RS256', config: privateKey },
    ...more,
  })
  return {
    serverTls: { ...(await ca.issue('broker', { dnsNames: ['localhost'] })), caFile: ca.caFile },
    secureSocket: {
      cert: ca.caFile,
      key: await ca.issue(user.name, { dnsNames: [`${user.name}.internal`] }),
    },
    mallory: await ca.issue('mallory', { dnsNames: ['mallory.internal'] }),
    impostor: await strangers.issue(user.name),
    strangerFile: strangers.caFile,
    tokenKey: publicKey,
    issuerConfig,
    issue: async (more) => jwt.issue(issuerConfig(more)),
    async close() {
      await Promise.all([ca.remove(), strangers.remove()])
    },
  }
}
