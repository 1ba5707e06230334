import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CertKey } from 'barre/core'
import type { IdentityProvider } from './identity-provider.ts'
import { listen } from './listen.ts'
import type { Running } from './listen.ts'

/** Who may ask for tokens, and who may ask what they are. */
export const backend = {
  clientId: 'uDMwA4hKR9H3deeXxvNf4sSU0i4a',
  clientSecret: '8FOUOKUQfOp47pUfJCsPA5X4clga',
}
export const introspector = 'Basic YWRtaW46YWRtaW4='

const lifeSeconds = 300
const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** Gives tokens for a client itself and for whom its ID token names, and tells what a token is (RFC 7662). */
export async function startAuthorizationServer(key: CertKey, users: IdentityProvider): Promise<Running> {
  const known = new Map<string, object>()
  const client = `Basic ${btoa(`${backend.clientId}:${backend.clientSecret}`)}`

  const give = async (form: URLSearchParams): Promise<readonly [status: number, answer: object]> => {
    const subject =
      form.get('grant_type') === jwtBearer ? await users.nameOf(form.get('assertion') ?? '') : 'backend'
    if (subject === undefined) return [400, { error: 'invalid_grant' }]
    const [token, iat] = [randomUUID(), Math.floor(Date.now() / 1000)]
    const scope = form.get('scope') ?? ''
    known.set(token, { active: true, sub: subject, scope, aud: 'orders', iat, exp: iat + lifeSeconds })
    return [200, { access_token: token, token_type: 'Bearer', expires_in: lifeSeconds }]
  }
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = new URLSearchParams(await text(request))
    const isToken = request.url === '/oauth2/token'
    const isTrusted = request.headers.authorization === (isToken ? client : introspector)
    const told = known.get(form.get('token') ?? '') ?? { active: false }
    const [status, body] = isTrusted
      ? isToken
        ? await give(form)
        : [200, told]
      : [401, { error: 'invalid_client' }]
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  return listen(key, (request, response) => void answer(request, response))
}
