import { createHash } from 'node:crypto'
import { brokenCredential, chain, isToken68, ok, readAuthorizationText, refuse } from '../../core/index.ts'
import type {
  Authenticated,
  Call,
  Principal,
  Provider,
  ProviderKind,
  Result,
  Services,
} from '../../core/index.ts'
import { clockSkewMaxSeconds, createValidator } from '../../jose/index.ts'
import { scopeReader } from '../scope-claim.ts'
import { identify } from '../token-principal.ts'
import { envelopeMaxAgeDefaultSeconds, envelopeShape, replayCapacityDefault } from './config.ts'
import type { EnvelopeConfig } from './config.ts'
import { ReplayWindow } from './replay-window.ts'

/** `{ envelopeConfig: {...} }` */
export const envelopeKind: ProviderKind<'envelopeConfig', EnvelopeConfig> = {
  key: 'envelopeConfig',
  shape: envelopeShape,
  create: createEnvelopeListener,
}

/** The `typ` of an envelope: it is no access token, and no access token is one. */
const envelopeType = 'message+jwt'
/** By how much the clocks of sender and broker together may be ahead of ours: so much longer is one remembered. */
const aheadMaxMs = 2 * clockSkewMaxSeconds * 1000
/** The longest `jti` that is remembered, in characters. */
const idMaxLength = 256

/** Senders that sign what they send: each message comes with an envelope over its body and its target. */
function createEnvelopeListener(config: EnvelopeConfig, services: Services, path: string): Provider<string> {
  const { scopeKey, replayCapacity = replayCapacityDefault, ...rules } = config
  const { maxMessageAgeSeconds = envelopeMaxAgeDefaultSeconds, ...checked } = rules
  const maxAgeMs = maxMessageAgeSeconds * 1000
  const readScopes = scopeReader(scopeKey)
  // None is sent twice, so none is worth remembering as a token.
  const validatorConfig = { ...checked, audience: false, cacheConfig: { capacity: 1 } } as const
  const validator = createValidator(
    validatorConfig,
    services,
    path,
    (payload) => identify(payload, readScopes(payload), 'Envelope'),
    envelopeType,
  )
  const replays = new ReplayWindow(maxAgeMs + aheadMaxMs, replayCapacity)
  const accept = (authenticated: Authenticated, call: Call): Result<Authenticated> => {
    const { principal } = authenticated
    const problem = mismatch(principal, call)
    if (problem !== undefined) return refuse('invalid', problem)
    const { iat, jti } = principal.claims
    if (typeof iat !== 'number') return refuse('invalid', 'the envelope has no iat')
    if (typeof jti !== 'string' || jti === '' || jti.length > idMaxLength) {
      return refuse('invalid', `the envelope has no jti, or one longer than ${idMaxLength} characters`)
    }
    const nowMs = services.now()
    if ((call.madeAtMs ?? nowMs) - iat * 1000 > maxAgeMs) {
      return refuse('expired', 'the envelope is older than maxMessageAgeSeconds')
    }
    const sighting = replays.look(`${principal.id} ${jti}`, call.delivery, nowMs)
    if (sighting === 'copy') return refuse('invalid', 'the envelope was seen with another message')
    if (sighting === 'full') return refuse('throttled', 'more envelopes in their time than replayCapacity')
    return ok(authenticated)
  }
  return {
    schemes: ['Envelope'],
    read: (call) => readAuthorizationText(call, 'Envelope'),
    verify(envelope, call) {
      if (!isToken68(envelope)) return brokenCredential('Envelope')
      if (call.payload === undefined)
        return refuse('invalid', 'an envelope vouches for a message, and this is none')
      return chain(validator.validate(envelope, call.madeAtMs), (validated) =>
        validated.ok ? accept(validated.value, call) : asInvalid(validated),
      )
    },
    // No scheme that is registered asks for an envelope.
    challenges: () => [],
    ready: () => validator.ready(),
    async close() {
      replays.clear()
      await validator.close()
    },
  }
}

/** A broken token in a well-formed header: it is the token that is invalid. */
function asInvalid(refused: Result<never> & { ok: false }): Result<never> {
  const { denial } = refused
  return denial.code === 'malformed' ? { ok: false, denial: { ...denial, code: 'invalid' } } : refused
}

/** Why the envelope is not about this message, or nothing. */
function mismatch({ claims }: Principal, call: Call): string | undefined {
  if (claims['aud'] !== call.target) return 'the envelope is for another target'
  const body = createHash('sha256')
    .update(call.payload?.() ?? '')
    .digest('base64url')
  return claims['digest'] === body ? undefined : 'the envelope is over another body'
}
