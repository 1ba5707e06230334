import { ConfigError, either, list, number, optional, record, refuse, text } from '../core/index.ts'
import type { Alternative, Principal, Services, Shape } from '../core/index.ts'

/** How strong and how recent a caller's login must have been (RFC 9470): one of the two at least. */
export interface StepUp {
  /** The classes of authentication that are enough: the token's `acr` must be one of them. */
  readonly acrValues?: string | readonly string[]
  /** For how long after the login (`auth_time`) its tokens let in, in seconds. */
  readonly maxAgeSeconds?: number
}

/** How far ahead of ours the clock of an issuer may be, in seconds. */
const clockSkewSeconds = 10

const members = record<StepUp>({
  acrValues: optional(either(text(), list(text(), 1))),
  maxAgeSeconds: optional(number({ unit: 'seconds', integer: true })),
})

// RFC 9470 §3: a list with spaces between its members.
const acrForm = /^[\x21\x23-\x5b\x5d-\x7e]+$/

export const stepUpShape: Shape<StepUp> = {
  check(value, path) {
    const checked = members.check(value, path)
    const { acrValues = [], maxAgeSeconds } = checked
    if ([acrValues].flat().length === 0 && maxAgeSeconds === undefined) {
      throw new ConfigError(path, 'expected acrValues or maxAgeSeconds, found neither')
    }
    if ([acrValues].flat().every((acr) => acrForm.test(acr))) return checked
    throw new ConfigError(`${path}.acrValues`, 'expected visible ASCII without spaces, quotes or backslashes')
  },
  json: { ...members.json, minProperties: 1 },
}

/** Compiles the demand: what a policy's entry asks of a principal beside its scopes. */
export function toStepUpCheck(
  { acrValues, maxAgeSeconds }: StepUp,
  services: Pick<Services, 'now'>,
): NonNullable<Alternative['stepUp']> {
  const accepted = acrValues === undefined ? undefined : [acrValues].flat()
  const parameters = {
    ...(accepted !== undefined && { acr_values: accepted.join(' ') }),
    ...(maxAgeSeconds !== undefined && { max_age: String(maxAgeSeconds) }),
  }
  return ({ claims, scheme }) => {
    const strong = accepted === undefined || accepted.some((acr) => claims['acr'] === acr)
    const recent = maxAgeSeconds === undefined || isRecent(claims, maxAgeSeconds, services.now() / 1000)
    if (strong && recent) return undefined
    const detail = strong ? 'the login was too long ago, or its time is not told' : 'the login was too weak'
    return refuse('insufficient_authentication', detail, { scheme, parameters }).denial
  }
}

function isRecent({ auth_time: loggedIn }: Principal['claims'], maxAge: number, nowSeconds: number): boolean {
  if (typeof loggedIn !== 'number' || loggedIn > nowSeconds + clockSkewSeconds) return false
  return nowSeconds - loggedIn <= maxAge
}
