import { createHmac, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { importVerificationKey, publicJwk, thumbprint } from 'barre/jose'
import { jwt } from 'barre/jwt'
import type { CertKey } from 'barre/core'
import { sendJson } from './json.ts'
import { listen } from './listen.ts'
import type { Running } from './listen.ts'
import type { CallerName } from './steps.ts'

export const externalIssuer = 'https://idp.order-management.test'
export const externalAudience = 'order-management'

/** The identity provider that the users belong to: foreign to the system, which only knows its name and its key set. */
export interface ExternalIssuer extends Running {
  readonly jwksUrl: string
  /** A fresh token for every caller of the walk, and the forgeries. */
  issueTokens(): Promise<Readonly<Record<CallerName, string>>>
}

/** How long a token of the external issuer lasts, in seconds. */
export const tokenLifetimeSeconds = 3600

export async function startExternalIssuer(port: number, certificate: CertKey): Promise<ExternalIssuer> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = publicJwk(importVerificationKey(publicKey, { path: 'key', algorithm: 'RS256' }))
  const kid = thumbprint(jwk)
  const jwks = { keys: [{ ...jwk, kid }] }
  const { certFile, keyFile } = certificate
  const options = { cert: readFileSync(certFile), key: readFileSync(keyFile) }
  const running = await listen(
    createServer(options, (_request, response) => sendJson(response, 200, jwks)),
    port,
  )

  const issue = async (
    username: string,
    scope: string | readonly string[],
    claims: object = {},
  ): Promise<string> =>
    jwt.issue({
      issuer: externalIssuer,
      audience: externalAudience,
      username,
      keyId: kid,
      expTime: tokenLifetimeSeconds,
      customClaims: { scope, ...claims },
      signatureConfig: { algorithm: 'RS256', config: privateKey },
    })

  return {
    ...running,
    jwksUrl: `${running.url}/jwks`,
    async issueTokens() {
      const all = ['add_order', 'update_order', 'cancel_order']
      const admin = await issue('admin', all)
      const nowSeconds = Math.floor(Date.now() / 1000)
      return {
        counter: await issue('counter', 'add_order'),
        admin,
        alice: await issue('alice', 'add_order'),
        bob: await issue('bob', ''),
        'wrong issuer': await issue('admin', all, { iss: 'https://idp.elsewhere.test' }),
        'wrong audience': await issue('admin', all, { aud: 'payroll' }),
        expired: await issue('admin', all, {
          nbf: nowSeconds - 7200,
          iat: nowSeconds - 7200,
          exp: nowSeconds - 3600,
        }),
        'alg none': `${rewriteHeader(admin, { alg: 'none', typ: 'JWT' })}.`,
        'HS256 signed with the public key': signWithPublicKey(
          rewriteHeader(admin, { alg: 'HS256', typ: 'JWT', kid }),
          publicKey.export({ type: 'spki', format: 'pem' }),
        ),
      }
    },
  }
}

function rewriteHeader(token: string, header: object): string {
  return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${token.split('.')[1]}`
}

function signWithPublicKey(signingInput: string, pem: string | Buffer): string {
  return `${signingInput}.${createHmac('sha256', pem).update(signingInput).digest('base64url')}`
}
