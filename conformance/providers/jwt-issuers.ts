import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Case, Outcome, ProviderKit } from '../harness/kit.ts'
import { endedAnHourAgo, issueToken, tampered, unsigned } from '../harness/tokens.ts'
import { audience } from '../harness/world.ts'
import type { World } from '../harness/world.ts'

/** Tokens of the tenants of one host, each an issuer of its own with metadata of its own. */
export const jwtIssuers: ProviderKit = {
  folder: 'jwt-issuers',
  name: 'jwtIssuers',
  readsCertificate: false,
  async prepare(world) {
    let host = ''
    host = await world.serve((request, response) => answer(request, response, host, world.jwksUrl))
    return {
      entry: entryFor(`${host}tenants/{tenant}`, world),
      down: entryFor(`${host}broken/{tenant}`, world),
      principal: { id: `${host}tenants/acme:alice`, username: 'alice', scheme: 'Bearer' },
      asksFor: ['bearer'],
      never: {},
      cases: await toCases(world, host),
    }
  },
}

function entryFor(issuer: string, { jwksUrl }: World) {
  return {
    jwtIssuersConfig: { issuers: [issuer], audience, jwksOrigins: [new URL(jwksUrl).origin] },
  } as const
}

const wellKnown = '/.well-known/oauth-authorization-server/'

/** Metadata of each tenant; those under `broken` cannot be had. */
function answer(request: IncomingMessage, response: ServerResponse, host: string, jwksUrl: string): void {
  const name = request.url?.startsWith(wellKnown) ? request.url.slice(wellKnown.length) : 'broken'
  response.statusCode = name.startsWith('broken') ? 500 : 200
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ issuer: host + name, jwks_uri: jwksUrl }))
}

async function toCases(world: World, host: string): Promise<readonly Case[]> {
  const tokenOf = (tenant: string, customClaims: Record<string, unknown> = {}): Promise<string> =>
    issueToken(world, { issuer: host + tenant, customClaims })
  const good = await tokenOf('tenants/acme')
  const invalid = [
    ['not a token', 'abc'],
    ['a changed signature', tampered(good)],
    ['no algorithm', unsigned(good)],
    ['an issuer that is not in the list', await issueToken(world)],
    ['a path that is not in the list', await tokenOf('tenants/acme/more')],
  ] as const
  return [
    { ...bearer('good', good), expect: 'admitted' },
    { outcome: 'absent', presented: {}, expect: 'missing' },
    { ...bearer('malformed', `${good} ${good}`), expect: 'malformed' },
    { ...bearer('expired', await tokenOf('tenants/acme', endedAnHourAgo())), expect: 'expired' },
    ...invalid.map(([of, token]): Case => ({ ...bearer('invalid', token, of), expect: 'invalid' })),
    {
      ...bearer('out of scope', await tokenOf('tenants/acme', { scope: 'stock' })),
      expect: 'insufficient_scope',
    },
    {
      ...bearer('out of scope', good, 'too little for the resource'),
      resource: 'elevated',
      expect: 'insufficient_scope',
    },
    { ...bearer('unavailable', await tokenOf('broken/acme')), resource: 'down', expect: 'unavailable' },
    {
      outcome: 'duplicated',
      presented: { authorization: [`Bearer ${good}`, `Bearer ${good}`] },
      expect: 'malformed',
    },
    { outcome: 'other scheme', presented: { authorization: ['Basic YWxpY2U6eA=='] }, expect: 'invalid' },
    { outcome: 'scheme in other case', presented: { authorization: [`bEARER ${good}`] }, expect: 'admitted' },
  ]
}

function bearer(outcome: Outcome, token: string, of?: string): Pick<Case, 'outcome' | 'of' | 'presented'> {
  return { outcome, presented: { authorization: [`Bearer ${token}`] }, ...(of !== undefined && { of }) }
}
