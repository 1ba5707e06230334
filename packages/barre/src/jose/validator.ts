import { chain, ok, refuse } from '../core/index.ts'
import { compileChecks } from './claim-checks.ts'
import { parseJwt } from './claims.ts'
import { verifyJws } from './jws.ts'
import { createOpener } from './nested-jwt.ts'
import { toKeySet } from './signature-source.ts'
import { createTokenCache, digestOf, revoked, toRevocable } from './token-cache.ts'
import type { Awaitable, Denial, Result, Services } from '../core/index.ts'
import type { ParsedJwt, Payload } from './claims.ts'
import type { VerificationKey } from './key.ts'
import type { TokenDigest } from './token-cache.ts'
import type { ValidatorConfig } from './validator-config.ts'

/** Decides about the tokens of one issuer. */
export interface Validator<T = Payload> {
  /**
   * What a token that holds says; at once unless keys have to be fetched. Never throws, never rejects. The same
   * object for as long as the token is remembered. `atMs`: when the token had to hold, in place of now.
   */
  validate(token: string, atMs?: number): Awaitable<Result<T>>
  /** Whether keys are at hand. */
  ready(): boolean
  close(): Promise<void>
}

/**
 * What becomes of a proven payload, which is frozen at every depth; asked once while the token is remembered.
 * `tokenHash` is what a revocation may name the token by.
 */
export type Accept<T> = (payload: Payload, tokenHash: string) => Result<T>

/**
 * Compiles a configuration of shape `validatorShape`: all that can be wrong with it is a ConfigError now.
 * Without `accept`, the payload is the answer. `typ` is for tokens that are no access tokens: the only type to accept.
 */
export function createValidator(config: ValidatorConfig, services: Services, path: string): Validator
export function createValidator<T>(
  config: ValidatorConfig,
  services: Services,
  path: string,
  accept: Accept<T>,
  typ?: string,
): Validator<T>
export function createValidator(
  config: ValidatorConfig,
  services: Services,
  path: string,
  accept: Accept<unknown> = ok,
  typ?: string,
): Validator<unknown> {
  const check = compileChecks(config, path, typ)
  const keys = toKeySet(config.signatureConfig, services, `${path}.signatureConfig`)
  const { decryptionConfig } = config
  const open = decryptionConfig && createOpener(decryptionConfig, `${path}.decryptionConfig`)
  const cache = createTokenCache(config.cacheConfig ?? {}, keys, services)
  const decide = (
    digest: TokenDigest,
    token: ParsedJwt,
    key: VerificationKey,
    nowMs: number,
  ): Result<unknown> => {
    const denial = disprove(token, key, nowMs)
    if (denial !== undefined) return { ok: false, denial }
    const isRevoked = services.revocations.isRevoked(toRevocable(token.payload, digest))
    const outcome = isRevoked ? revoked : accept(token.payload, digest)
    cache.put(digest, token.payload, key, outcome)
    return outcome
  }
  /** `digest` is of what was sent: the cache knows it by that. */
  const judge = (signed: string, digest: TokenDigest, nowMs: number): Awaitable<Result<unknown>> => {
    const parsed = parseJwt(signed)
    if (!parsed.ok) return parsed
    const denial = check(parsed.value, nowMs)
    if (denial !== undefined) return { ok: false, denial }
    return chain(keys.find(parsed.value.header), (key) =>
      key.ok ? decide(digest, parsed.value, key.value, nowMs) : key,
    )
  }
  return {
    validate(token, atMs = services.now()) {
      const digest = digestOf(token)
      const known = cache.get(digest)
      if (known !== undefined) return known
      if (open === undefined) return judge(token, digest, atMs)
      return chain(open(token), (signed) => (signed.ok ? judge(signed.value, digest, atMs) : signed))
    },
    ready: () => keys.ready?.() ?? true,
    async close() {
      cache.close()
      await keys.close?.()
    },
  }
}

/** Why the key does not vouch for the token, or nothing. */
function disprove(token: ParsedJwt, key: VerificationKey, nowMs: number): Denial | undefined {
  if (key.validity !== undefined && (nowMs < key.validity.fromMs || nowMs > key.validity.toMs)) {
    return refuse('invalid', 'the certificate of the key is outside its validity period').denial
  }
  const verified = verifyJws(token.jws, key)
  return verified.ok ? undefined : verified.denial
}
