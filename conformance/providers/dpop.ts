import type { Case, Outcome, Prove, ProviderKit } from '../harness/kit.ts'
import { createProver } from '../harness/proofs.ts'
import type { Prover } from '../harness/proofs.ts'
import { endedAnHourAgo, issueToken, tampered } from '../harness/tokens.ts'
import { audience, issuer } from '../harness/world.ts'
import type { World } from '../harness/world.ts'

/** Tokens that are bound to a key of the caller, with a proof for each call (RFC 9449). */
export const dpop: ProviderKit = {
  folder: 'proof-of-possession',
  name: 'jwt with DPoP',
  readsCertificate: false,
  sendsProofs: true,
  async prepare(world) {
    return {
      entry: entryFor(world.jwksUrl),
      down: entryFor(world.deadUrl),
      principal: { id: `${issuer}:alice`, username: 'alice', scheme: 'DPoP' },
      asksFor: ['bearer', 'dpop'],
      never: {},
      cases: await toCases(world),
    }
  },
}

function entryFor(url: string) {
  const signatureConfig = { jwksConfig: { url } }
  return { jwtValidatorConfig: { issuer, audience, signatureConfig, dpopConfig: {} } } as const
}

async function toCases(world: World): Promise<readonly Case[]> {
  const [own, other] = [createProver(), createProver()]
  const bound = (claims: object = {}, prover: Prover = own): Promise<string> =>
    issueToken(world, { customClaims: { cnf: { jkt: prover.jkt }, ...claims } })
  const good = await bound()
  const [stolen, unbound] = [await bound({}, other), await issueToken(world)]
  const expired = await bound(endedAnHourAgo())
  const stock = await bound({ scope: 'stock' })
  const invalid: readonly (readonly [of: string, token: string, proof: Prove | undefined])[] = [
    ['a changed signature', tampered(good), own.prove(tampered(good))],
    ['without a proof', good, undefined],
    [
      'with two proofs',
      good,
      async (...call) => [...(await own.prove(good)(...call)), ...(await own.prove(good)(...call))],
    ],
    ['the key of another caller', stolen, own.prove(stolen)],
    ['a proof for another token', good, own.prove(unbound)],
    ['a proof for another method', good, own.prove(good, { htm: 'DELETE' })],
    ['a proof for another host', good, own.prove(good, { htu: 'https://evil.example/plain' })],
    ['a proof of an hour ago', good, own.prove(good, { iat: endedAnHourAgo()['exp'] })],
    ['a token that is bound to no key', unbound, own.prove(unbound)],
  ]
  const once = own.prove(good, { jti: 'used twice' })
  return [
    { ...sent('good', good, own.prove(good)), expect: 'admitted' },
    { ...sent('good', good, once, 'the first time'), expect: 'admitted' },
    { ...sent('invalid', good, once, 'the second time'), expect: 'invalid' },
    { outcome: 'absent', presented: {}, expect: 'missing' },
    { ...sent('malformed', `${good} ${good}`, own.prove(good)), expect: 'malformed' },
    { ...sent('expired', expired, own.prove(expired)), expect: 'expired' },
    ...invalid.map(([of, token, proof]): Case => ({
      ...sent('invalid', token, proof, of),
      expect: 'invalid',
    })),
    {
      outcome: 'invalid',
      of: 'a bound token as Bearer',
      presented: { authorization: [`Bearer ${good}`], proof: own.prove(good) },
      expect: 'invalid',
    },
    { ...sent('out of scope', stock, own.prove(stock)), expect: 'insufficient_scope' },
    {
      ...sent('out of scope', good, own.prove(good), 'too little for the resource'),
      resource: 'elevated',
      expect: 'insufficient_scope',
    },
    { ...sent('unavailable', good, own.prove(good)), resource: 'down', expect: 'unavailable' },
    {
      outcome: 'duplicated',
      presented: { authorization: [`DPoP ${good}`, `DPoP ${good}`], proof: own.prove(good) },
      expect: 'malformed',
    },
    { outcome: 'other scheme', presented: { authorization: ['Basic YWxpY2U6eA=='] }, expect: 'invalid' },
    {
      outcome: 'scheme in other case',
      presented: { authorization: [`dpop ${good}`], proof: own.prove(good) },
      expect: 'admitted',
    },
  ]
}

function sent(
  outcome: Outcome,
  token: string,
  proof: Prove | undefined,
  of?: string,
): Pick<Case, 'outcome' | 'of' | 'presented'> {
  return {
    outcome,
    presented: { authorization: [`DPoP ${token}`], ...(proof && { proof }) },
    ...(of !== undefined && { of }),
  }
}
