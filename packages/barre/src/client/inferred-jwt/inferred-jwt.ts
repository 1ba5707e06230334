import { BoundedCache, chain, ConfigError, ok, record, refuse, singleFlight } from '../../core/index.ts'
import type { Awaitable, CredentialSource, Need, Result, Services, SourceKind } from '../../core/index.ts'
import { createIssuer, issuerShape } from '../../jose/index.ts'
import type { IssuerConfig } from '../../jose/index.ts'
import { isCurrent, issueToken } from '../issued-token.ts'
import type { IssuedToken } from '../issued-token.ts'

/** Tokens that we sign in the name of the inbound caller. */
export interface InferredJwtConfig {
  /** What the tokens say; `sub` is the caller's user name, so the record may not set one. */
  readonly inferredJwtIssuerConfig: IssuerConfig
}

const shape = record<InferredJwtConfig>({ inferredJwtIssuerConfig: issuerShape })

/** `auth: { inferredJwtIssuerConfig: {...} }` */
export const inferredJwtKind: SourceKind<'inferredJwtIssuerConfig', InferredJwtConfig> = {
  key: 'inferredJwtIssuerConfig',
  shape,
  create: createInferredJwt,
}

/** The most callers whose tokens are kept, and the most memory that these take. */
const cacheLimits = { maxEntries: 1000, maxBytes: 4_194_304 }
/** Of a token (its Secret, its entry) besides its text. */
const entryBytes = 512

/** Calls in the name of the inbound caller, however they proved who they are, with tokens that we sign. */
function createInferredJwt(
  { inferredJwtIssuerConfig: config }: InferredJwtConfig,
  services: Services,
  path: string,
): CredentialSource {
  refuseSubject(config, `${path}.inferredJwtIssuerConfig`)
  const issuer = createIssuer(config, services, `${path}.inferredJwtIssuerConfig`)
  const namesItself = config.jwtId !== undefined || config.customClaims?.['jti'] !== undefined
  const once = singleFlight<string, Result<IssuedToken>>()
  const tokens = new BoundedCache<string, IssuedToken>(cacheLimits)
  const issue = (subject: string): Awaitable<Result<IssuedToken>> => {
    const claims = namesItself ? {} : { jti: Buffer.from(services.random(16)).toString('hex') }
    return chain(issueToken(issuer, { subject, claims }, services), (issued) => {
      if (issued.ok) {
        const bytes = entryBytes + issued.value.characters * 2 + subject.length * 2
        tokens.set(subject, issued.value, { bytes, expiresAtMs: issued.value.renewAtMs })
      }
      return issued
    })
  }
  return {
    credential(need) {
      const nowMs = services.now()
      const subject = subjectOf(need, nowMs)
      if (!subject.ok) return subject
      const known = tokens.get(subject.value, nowMs)
      if (known !== undefined && isCurrent(known, need, nowMs)) return ok(known.outgoing)
      const issued = once(subject.value, () => issue(subject.value))
      return chain(issued, (result) => (result.ok ? ok(result.value.outgoing) : result))
    },
  }
}

function refuseSubject(config: IssuerConfig, path: string): void {
  const field =
    config.username !== undefined
      ? 'username'
      : config.customClaims?.['sub'] !== undefined && 'customClaims.sub'
  if (field) throw new ConfigError(`${path}.${field}`, 'the subject is the inbound caller: remove it')
}

function subjectOf({ caller }: Need, nowMs: number): Result<string> {
  if (caller === undefined) {
    return refuse('missing', 'an inferred token needs the inbound caller: pass `caller` with the call')
  }
  const { username, expiresAtSeconds } = caller.principal
  if (username === '') return refuse('missing', 'the inbound caller has no user name to issue a token for')
  if (expiresAtSeconds !== undefined && expiresAtSeconds * 1000 <= nowMs) {
    return refuse('expired', "the caller's credential expired before the call")
  }
  return ok(username)
}
