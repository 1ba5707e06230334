import { generateKeyPairSync } from 'node:crypto'
import { fakeCall } from './fake-call.ts'
import { fakeServices } from './fake-services.ts'
import { makeProof, proofKey } from './dpop-kit.ts'
import type { ProofChanges } from './dpop-kit.ts'
import { guard } from '../src/core/index.ts'
import type { Call, Decision, Provider, Services } from '../src/core/index.ts'
import { createIssuer } from '../src/jose/index.ts'
import { jwtKind } from '../src/listener/index.ts'
import type { DpopConfig } from '../src/listener/index.ts'

export const path = 'auth[0].jwtValidatorConfig'
export const method = 'GET'
export const target = 'https://orders.example/order'
export const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const issuing = { issuer: 'wso2', username: 'alice', audience: 'orders', customClaims: { scope: 'read' } }
export const key = proofKey()
export const thief = proofKey()

/** The clock and the services of one test. */
export const world: { nowMs: number; services: Services } = { nowMs: 0, services: fakeServices(() => 0) }

export function resetWorld(): void {
  world.nowMs = 1_800_000_000_000
  world.services = fakeServices(() => world.nowMs)
}

export async function tokenFor(confirmation?: object): Promise<string> {
  const signatureConfig = { algorithm: 'ES256', config: privateKey } as const
  const issuer = createIssuer({ ...issuing, signatureConfig }, world.services, 'issuer')
  return issuer.issue({ claims: confirmation === undefined ? {} : { cnf: confirmation } })
}

export function make(dpopConfig: DpopConfig | undefined = {}): Provider {
  const signatureConfig = { certFile: publicKey }
  const config: unknown = { issuer: 'wso2', audience: 'orders', signatureConfig, dpopConfig }
  return jwtKind.create(jwtKind.shape.check(config, path), world.services, path)
}

export function toCall(authorization: string, proofs: readonly string[], more: Partial<Call> = {}): Call {
  const plain = fakeCall(authorization)
  return { ...plain, metadata: (name) => (name === 'dpop' ? proofs : plain.metadata(name)), ...more }
}

export async function decide(provider: Provider | readonly Provider[], call: Call): Promise<Decision> {
  const alternatives = [provider].flat().map((one, index) => ({ provider: one, entry: `auth[${index}]` }))
  return guard({ alternatives, optional: false }, call)
}

/** In short: the scheme of who is let in, or the code of the refusal with its challenges. */
export function tell(decision: Decision): string {
  if (decision.ok) return `admitted by ${decision.principal?.scheme}`
  return [decision.denial.code, ...decision.challenges].join('; ')
}

export const algs = 'algs="RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519 Ed448"'
export const badProof = `invalid; Bearer; DPoP error="invalid_dpop_proof", ${algs}`
export const badToken = `invalid; Bearer; DPoP error="invalid_token", ${algs}`
export const badBearer = `invalid; Bearer error="invalid_token"; DPoP ${algs}`

/** What becomes of a call with a bound token and a proof with these changes. */
export async function attempt(
  changes: ProofChanges,
  more: Partial<Call> = {},
  config?: DpopConfig,
): Promise<string> {
  const token = await tokenFor({ jkt: key.jkt })
  const proof = await makeProof(key, { method, target, token }, world.nowMs, changes)
  return tell(await decide(make(config), toCall(`DPoP ${token}`, [proof], more)))
}

/** Claims of a proof that say something else. */
export function claims(changed: Record<string, unknown>): ProofChanges {
  return { claims: changed }
}
