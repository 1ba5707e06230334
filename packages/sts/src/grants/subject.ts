import { authorizationMaxBytes, ok, refuse as deny } from 'barre/core'
import { familyOf } from '../tokens/own-tokens.ts'
import type { Result } from 'barre/core'
import type { Payload } from 'barre/jose'
import type { Client } from '../clients/client.ts'
import type { Subject } from '../trusted-issuers.ts'
import type { GrantContext } from './grant.ts'

/** The longest token that is looked at, in characters. */
export const tokenMaxLength: number = authorizationMaxBytes

type Context = Pick<GrantContext, 'issuers' | 'clients' | 'ownTokens'>

/** The subject of a token of a trusted outside issuer. */
export async function acceptOutside(
  token: string,
  { issuers, clients }: Pick<Context, 'issuers' | 'clients'>,
): Promise<Result<Subject>> {
  const subject = await issuers.validate(token)
  if (!subject.ok) return subject
  // RFC 9068 §5: a service must be able to tell a person from a client by `sub`, so neither may bear the other's name.
  const isClient = (await clients.find(subject.value.id)) !== undefined
  return isClient ? deny('invalid', 'the subject has the name of a client') : subject
}

/** The subject of a token that may be exchanged: an outside one, or one of ours that is meant for this client. */
export async function acceptSubject(
  token: string,
  client: Client,
  context: Context,
): Promise<Result<Subject>> {
  const own = await context.ownTokens.read(token)
  return own === undefined ? acceptOutside(token, context) : toSubject(own, client)
}

function toSubject(payload: Payload, client: Client): Result<Subject> {
  const { aud, sub, scope } = payload
  const audience = typeof aud === 'string' ? [aud] : (aud ?? [])
  if (!audience.some((name) => client.serves.has(name))) {
    return deny('invalid', 'the token is meant for a service that the client is not')
  }
  if (sub === undefined) return deny('invalid', 'the token has no sub')
  const scopes = typeof scope === 'string' ? scope.split(' ') : []
  const { jti = '' } = payload
  const family = familyOf(jti)
  const subject = { id: sub, payload, scopes: new Set(scopes), claims: {} }
  // Who revokes the grant revokes what was exchanged for it too.
  return ok(family === jti ? subject : { ...subject, family })
}
