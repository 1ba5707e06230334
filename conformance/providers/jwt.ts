import type { Case, Outcome, ProviderKit } from '../harness/kit.ts'
import { endedAnHourAgo, issueToken, signedWithPublicKey, tampered, unsigned } from '../harness/tokens.ts'
import { audience, issuer } from '../harness/world.ts'
import type { World } from '../harness/world.ts'

/** Tokens of an issuer that publishes its keys. */
export const jwt: ProviderKit = {
  folder: 'jwt',
  name: 'jwt',
  readsCertificate: false,
  async prepare(world) {
    return {
      entry: entryFor(world.jwksUrl),
      down: entryFor(world.deadUrl),
      principal: { id: `${issuer}:alice`, username: 'alice', scheme: 'Bearer' },
      asksFor: ['bearer'],
      never: {},
      cases: await toCases(world),
    }
  },
}

function entryFor(url: string) {
  return { jwtValidatorConfig: { issuer, audience, signatureConfig: { jwksConfig: { url } } } } as const
}

async function toCases(world: World): Promise<readonly Case[]> {
  const good = await issueToken(world)
  return [
    { ...bearer('good', good), expect: 'admitted' },
    { outcome: 'absent', presented: {}, expect: 'missing' },
    { ...bearer('malformed', `${good} ${good}`, 'two tokens in one value'), expect: 'malformed' },
    { ...bearer('malformed', '', 'a scheme without a token'), expect: 'malformed' },
    { ...bearer('expired', await issueToken(world, { customClaims: endedAnHourAgo() })), expect: 'expired' },
    ...(await forgeries(world, good)).map(([of, token]): Case => ({
      ...bearer('invalid', token, of),
      expect: 'invalid',
    })),
    {
      ...bearer(
        'out of scope',
        await issueToken(world, { customClaims: { scope: 'stock' } }),
        'another scope',
      ),
      expect: 'insufficient_scope',
    },
    {
      ...bearer('out of scope', await issueToken(world, { customClaims: { scope: '' } }), 'no scope'),
      expect: 'insufficient_scope',
    },
    {
      ...bearer('out of scope', good, 'too little for the resource'),
      resource: 'elevated',
      expect: 'insufficient_scope',
    },
    { ...bearer('unavailable', good), resource: 'down', expect: 'unavailable' },
    {
      outcome: 'duplicated',
      presented: { authorization: [`Bearer ${good}`, `Bearer ${good}`] },
      expect: 'malformed',
    },
    { outcome: 'other scheme', presented: { authorization: ['Basic YWxpY2U6eA=='] }, expect: 'invalid' },
    { outcome: 'scheme in other case', presented: { authorization: [`bEARER ${good}`] }, expect: 'admitted' },
  ]
}

async function forgeries(
  world: World,
  good: string,
): Promise<readonly (readonly [of: string, token: string])[]> {
  return [
    ['not a token', 'abc'],
    ['a changed signature', tampered(good)],
    ['no algorithm', unsigned(good)],
    [
      'signed by a stranger',
      await issueToken(world, { signatureConfig: { algorithm: 'ES256', config: world.strangerKey } }),
    ],
    ['the public key as a secret', signedWithPublicKey(good, world.issuerKey.publicKey)],
    ['of another issuer', await issueToken(world, { issuer: 'https://other.example' })],
    ['for another service', await issueToken(world, { audience: 'inventory' })],
  ]
}

function bearer(outcome: Outcome, token: string, of?: string): Pick<Case, 'outcome' | 'of' | 'presented'> {
  return { outcome, presented: { authorization: [`Bearer ${token}`] }, ...(of !== undefined && { of }) }
}
