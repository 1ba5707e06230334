import type { Denial, DenialCode } from '../core/index.ts'
import type { DpopVerifier } from './proof-of-possession/dpop.ts'

/**
 * RFC 6750 §3.1 and RFC 9470 §3; `undefined`: ask plainly, because no token was sent; `null`: the token is not
 * the trouble.
 */
const errors: Readonly<Record<DenialCode, string | undefined | null>> = {
  missing: undefined,
  malformed: 'invalid_request',
  invalid: 'invalid_token',
  expired: 'invalid_token',
  insufficient_scope: 'insufficient_scope',
  insufficient_authentication: 'insufficient_user_authentication',
  throttled: null,
  unavailable: null,
}

/** Makes the challenges for refusals: of the Bearer scheme, and of DPoP where proofs are taken. */
export function tokenChallenges(dpop?: DpopVerifier): (denial: Denial) => readonly string[] {
  const algs = dpop?.algorithms.join(' ') ?? ''
  const schemes = tokenSchemes(dpop)
  return (denial) => {
    const error = errors[denial.code]
    if (error === null) return []
    const concerned = schemes.find((scheme) => scheme === denial.scheme) ?? schemes[0]!
    const asks = (scheme: string): string => {
      const about = scheme === concerned ? describe(denial, error) : {}
      return phrase(scheme, { ...about, ...(scheme === 'DPoP' && { algs }) })
    }
    // Who is known, and lacks something, gains nothing from another scheme: the token says which it must come with.
    return (denial.code.startsWith('insufficient_') ? [concerned] : schemes).map(asks)
  }
}

/** The schemes that access tokens come with. */
export function tokenSchemes(dpop?: DpopVerifier): readonly string[] {
  if (dpop === undefined) return ['Bearer']
  return dpop.isRequired ? ['DPoP'] : ['Bearer', 'DPoP']
}

function describe({ scopes, parameters }: Denial, error: string | undefined): Record<string, string> {
  return {
    ...(error !== undefined && { error }),
    ...(scopes !== undefined && { scope: scopes.join(' ') }),
    ...parameters,
  }
}

function phrase(scheme: string, parameters: Readonly<Record<string, string>>): string {
  const text = Object.entries(parameters).map(([name, value]) => `${name}=${quote(value)}`)
  return [scheme, text.join(', ')].join(' ').trimEnd()
}

// RFC 9110 §5.6.4
function quote(value: string): string {
  return `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`
}
