// A client that says once how it gets its tokens; they are fetched, kept, renewed and sent by themselves.
import { generateKeyPairSync } from 'node:crypto'
import { createClient } from 'barre/fetch'
import { startService } from './service.ts'
import { client, startTokenServer } from './token-server.ts'

const tokens = await startTokenServer()
const service = await startService(tokens)
const { tokenUrl } = tokens
const { privateKey } = generateKeyPairSync('ed25519')
const signed = {
  issuer: 'orders',
  audience: tokenUrl,
  signatureConfig: { algorithm: 'EdDSA', config: privateKey },
} as const
const user = { username: 'alice', password: 'alice@123', refreshConfig: 'INFER_REFRESH_CONFIG' } as const

for (const [what, auth] of [
  ['a token', { token: tokens.issue('alice', 'admin') }],
  ['client credentials', { tokenUrl, ...client, scopes: 'admin' }],
  ['password', { tokenUrl, ...client, ...user, scopes: ['admin'] }],
  [
    'refresh token',
    { refreshUrl: tokenUrl, refreshToken: 'XlfBs91yquexJqDaKEMzVg==', ...client, scopes: 'admin' },
  ],
  ['JWT bearer', { tokenUrl, ...client, assertion: { auth: signed }, scopes: 'admin' }],
  ['a wrong secret', { tokenUrl, ...client, clientSecret: 'guess' }],
] as const) {
  const call = createClient({ baseUrl: service.baseUrl, auth })
  try {
    const response = await call('/foo/bar', { method: 'POST' })
    console.log(`${what}: ${response.status} ${await response.text()}`)
  } catch (error) {
    console.log(`${what}: ${String(error)}`)
  }
  await call.close()
}
await service.close()
tokens.close()

/*
a token: 200 Hello, alice!
client credentials: 200 Hello, the client itself!
password: 200 Hello, alice!
refresh token: 200 Hello, the client itself!
JWT bearer: 200 Hello, the client itself!
a wrong secret: CredentialError: no credential for the call (invalid): the token endpoint refused: invalid_client
*/
